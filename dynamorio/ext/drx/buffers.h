// Buffers of drx: one for each thread, filled by inserted code.
#pragma once

#include <mutex>
#include <unordered_map>

#include "drx.h"

namespace weft::dynamorio {

/// The part of one thread.
struct ThreadBuffer {
  byte* memory = nullptr;  ///< whole pages, a guard page behind them
  size_t mapped = 0;
  byte* base = nullptr;  ///< where the first record goes; the guard follows the last
};

}  // namespace weft::dynamorio

/// A buffer of each thread. Lives until drx_buf_free().
struct _drx_buf_t {
  size_t size = 0;
  drx_buf_full_cb_t full = nullptr;  ///< null: circular
  /// Circular, of 64 kB: its pointer's low bits go round by themselves. Others have a guard page.
  bool wraps = false;
  uint offset = 0;  ///< of the slot with the pointer, from gs
  std::mutex mutex;
  std::unordered_map<void*, weft::dynamorio::ThreadBuffer> threads;  ///< by drcontext; under mutex
};

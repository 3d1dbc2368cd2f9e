// Calls that clients make by hand, with instructions of their own. Any thread.
#pragma once

#include <array>

#include "dr_api.h"

namespace weft::dynamorio {

/// What a thread keeps from dr_prepare_for_call() to dr_cleanup_after_call(): the state that comes
/// back, and a stack for the instructions between them. For its own thread.
struct Prepared {
  static constexpr size_t kStackBytes = 20 << 10;
  dr_mcontext_t state{};
  alignas(64) std::array<byte, kStackBytes> stack{};
};

}  // namespace weft::dynamorio

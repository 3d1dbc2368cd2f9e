// One program thread: what gs points to, its Linux state, its translator, its counters.
// Made and destroyed on its own host thread; only that thread touches it, save where noted.
#pragma once

#include <cstdint>
#include <memory>

#include "cache/epochs.h"
#include "engine/caches.h"
#include "engine/trace_recorder.h"
#include "engine/xsave.h"
#include "linux/program_thread.h"
#include "translate/superblock.h"
#include "translate/thread_block.h"

namespace weft::engine {

class Hooks;

/// Counted by each thread for itself; summed when they are reported.
struct ThreadCounters {
  uint64_t link_exits = 0;
  uint64_t indirect_misses = 0;
  uint64_t shadow_faults = 0;
  uint64_t system_calls = 0;
  uint64_t emulated = 0;
  uint64_t signals_taken = 0;
  uint64_t code_writes = 0;      ///< stores stopped by the protection of a page with code
  uint64_t stores_emulated = 0;  ///< of these: carried out past the protection
  uint64_t pages_opened = 0;
  uint64_t pages_calmed = 0;  ///< no longer checked
  uint64_t stale_checks = 0;  ///< fragments that found their bytes changed
  uint64_t long_checks = 0;   ///< exits of threads that ran checked fragments for long
  uint64_t superblocks = 0;
  uint64_t loaded = 0;    ///< of these: built by an earlier run
  uint64_t rejected = 0;  ///< found, but not of these bytes or no use here
  uint64_t traces = 0;
  uint64_t blocks = 0;
  uint64_t constants = 0;  ///< slots that indirect branches were translated by
  uint64_t instructions = 0;
  uint64_t app_bytes = 0;
  uint64_t translate_ns = 0;

  void add(const ThreadCounters& other);
};

class Thread {
 public:
  Thread(const CpuFeatures& features, CacheInstance& home, translate::ProgramCode& code,
         translate::Instrumenter* instrumenter);
  ~Thread();
  Thread(const Thread&) = delete;
  Thread& operator=(const Thread&) = delete;

  /// Points this kernel thread's gs at the block, and takes note of its fs.
  void attach();
  /// The thread that gs points to on this kernel thread. Only after attach(). SIGNAL_SAFE.
  static Thread& current();
  /// Whether there is one still. SIGNAL_SAFE.
  static bool has_current();

  /// From now on this thread comes out of the cache with the program's fs, and switches to the
  /// runtime's when it needs it; if `no_fs` is not 0, with that in fs, which is meant to fault.
  /// After attach().
  void keep_program_fs(uint64_t no_fs);
  /// need_runtime_fs(), once a thread keeps the program's. Any thread whose gs leads to a block.
  static void take_runtime_fs() noexcept;

  translate::ThreadBlock& block() { return block_; }
  x86::CpuContext& context() { return block_.context; }
  AppPc pc() const { return {block_.context.rip}; }
  /// Where it runs. SIGNAL_SAFE.
  cache::CodeCache& cache() const { return *home.cache; }
  const translate::Environment& environment() const { return home.environment; }

  CacheInstance& home;
  linux::ProgramThread program;
  cache::EpochSlot epoch;
  translate::SuperblockBuilder builder;
  std::unique_ptr<TraceRecorder> traces;  ///< null without --traces
  ThreadCounters counters;
  Hooks* hooks = nullptr;  ///< null if there are no tools
  /// The tools' host's.
  void* tool_thread = nullptr;
  /// The thread is between weft_enter_cache and the runtime's code. Read by its signal handler.
  volatile bool in_cache = false;

 private:
  translate::ThreadBlock block_;
  XsaveArea xsave_;
};

/// Gets the thread that `slot` is of out of the cache at its next instruction. SIGNAL_SAFE.
void nudge_owner(const cache::EpochSlot& slot);

}  // namespace weft::engine

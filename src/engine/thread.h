// One program thread: what gs points to, its Linux state, its translator, its counters.
// Made and destroyed on its own host thread; only that thread touches it, save where noted.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>

#include "base/address.h"
#include "cache/epochs.h"
#include "engine/caches.h"
#include "engine/counters.h"
#include "engine/trace_recorder.h"
#include "engine/xsave.h"
#include "linux/kernel/program_thread.h"
#include "linux/signal/state.h"
#include "translate/superblock.h"
#include "translate/thread_block.h"

namespace weft::engine {

class Hooks;
class ThreadRooms;

/// What of a thread is written at all times lies in its second page, and little else: after a fork
/// both processes get a copy of each page that they write.
class alignas(kPageSize) Thread {
 public:
  Thread(const CpuFeatures& features, CacheInstance& home, translate::ProgramCode& code,
         translate::Instrumenter* instrumenter);
  ~Thread();
  /// Its memory is for the next one.
  static void operator delete(Thread* thread, std::destroying_delete_t);
  Thread(const Thread&) = delete;
  Thread& operator=(const Thread&) = delete;

  /// Points this kernel thread's gs at the block, and takes note of its fs.
  void attach();
  /// The thread that gs points to on this kernel thread. Only after attach(). SIGNAL_SAFE.
  static Thread& current();
  /// The one that `program` is part of.
  static Thread& of(const linux::ProgramThread& program);
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

 private:
  /// Of the signal state all but the queue is hot, and begins the page.
  struct Signals {
    uint8_t room[kPageSize - offsetof(linux::SignalState, of_process)];
    linux::SignalState state;
  };
  Signals signals_;

 public:
  CacheInstance& home;
  ThreadRooms* rooms = nullptr;           ///< where its memory is from
  std::unique_ptr<TraceRecorder> traces;  ///< null without --traces
  linux::ProgramThread program;
  cache::EpochSlot epoch;
  ThreadCounters counters;
  Hooks* hooks = nullptr;  ///< null if there are no tools
  /// The tools' host's.
  void* tool_thread = nullptr;
  /// What of a tool runs on this thread. Set by the tools' host around each call; read by the
  /// thread's signal handler.
  struct ToolCall {
    const char* volatile event = nullptr;  ///< its name; null: none runs
    const void* volatile tool = nullptr;   ///< the host's own; null: whose `function` is
    const void* volatile function = nullptr;
  };
  ToolCall tool_call;
  /// The thread is to stand still before it enters the cache or calls a tool, until this is false
  /// again. Set by the tools' host.
  std::atomic<bool> to_stop{false};
  /// The thread changes none of its registers until it has called stand_while_stopped(): it makes a
  /// system call, or stands still. Read by who stops it.
  std::atomic<bool> rests{false};
  /// Until it is not to stop, the thread rests; then it no longer does.
  void stand_while_stopped();
  /// The thread is between weft_enter_cache and the runtime's code. Read by its signal handler.
  volatile bool in_cache = false;
  /// The thread changed the block that it is in, and leaves it before the next instruction. Set and
  /// read by its signal handler; false whenever it enters the cache.
  volatile bool code_changed = false;

 private:
  XsaveArea xsave_;
  translate::ThreadBlock block_;

 public:
  translate::SuperblockBuilder builder;
};

/// Gets the thread that `slot` is of out of the cache at its next instruction. SIGNAL_SAFE.
void nudge_owner(const cache::EpochSlot& slot);

}  // namespace weft::engine

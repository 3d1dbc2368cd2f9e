// What the engine tells the tools' host above it, and what it asks of it. Implemented by the tool
// layer; absent when no tool is loaded. Events come on the thread concerned, in runtime code, with
// no lock of the engine held.
#pragma once

#include <csignal>
#include <cstdint>
#include <optional>

#include "base/address.h"
#include "base/check.h"
#include "base/result.h"
#include "cache/code_cache.h"
#include "translate/instrument.h"

namespace weft::engine {

class Engine;
class Thread;

class Hooks : public translate::Instrumenter, public cache::Listener {
 public:
  /// Memory for shared words, in reach of code memory. Once, before any thread.
  virtual void start(Engine& engine, AppRange words) = 0;
  /// The program's first thread is about to run.
  virtual void process_started(Thread& thread) = 0;
  virtual void thread_started(Thread& thread) = 0;
  virtual void thread_ending(Thread& thread) = 0;
  virtual void process_ending(Thread& thread, int status) = 0;
  virtual void exec_starting(Thread& thread) = 0;
  /// Around fork: no thread is half-way through a change of the host's own records.
  virtual void lock_for_fork() = 0;
  virtual void unlock_after_fork() = 0;
  /// In the child.
  virtual void forked(Thread& thread) = 0;

  /// Executable memory appeared or went. After the change.
  virtual void memory_changed(AppRange range) = 0;
  virtual void published(const cache::Fragment& fragment) = 0;

  /// The call is in thread.context(). True: it is not made, its result is in the context.
  virtual bool syscall_before(Thread& thread) = 0;
  /// `number` and its arguments may be gone from the context; the result is in rax.
  virtual void syscall_after(Thread& thread) = 0;
  virtual void signal(Thread& thread, const siginfo_t& info) = 0;

  /// The thread is inside the code cache, its state in thread.context(). True if the program is to
  /// go on at context.rip instead of behind the call.
  virtual bool clean_call(Thread& thread, const translate::CallSite& site) = 0;

  /// The runtime's side of the process has faulted: does not return if a tool is to blame.
  SIGNAL_SAFE virtual void faulted(const siginfo_t& info, const x86::CpuContext& registers) = 0;
};

}  // namespace weft::engine

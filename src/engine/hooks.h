// What the engine tells the tools' host above it, and what it asks of it. Implemented by the tool
// layer; absent when no tool is loaded. What others hear, too, is in observer.h. Events come on the
// thread concerned, in runtime code, with no lock of the engine held.
#pragma once

#include <csignal>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "base/address.h"
#include "base/check.h"
#include "base/result.h"
#include "cache/code_cache.h"
#include "engine/observer.h"
#include "translate/instrument.h"

namespace weft::engine {

class Engine;
class Thread;

/// What faulted in a block that was laid out as an edited list.
struct ListItem {
  AppPc tag;  ///< of the block
  void* data;
  uint32_t note;
  bool inserted;
  bool translated;  ///< the program's state names the program's instruction
};

enum class ListAnswer : uint8_t {
  kProgram,   ///< it is the program's fault
  kResume,    ///< the thread goes on by `machine`
  kRedirect,  ///< the program goes on by `program`
};

class Hooks : public translate::Instrumenter, public cache::Listener, public Observer {
 public:
  /// Memory for shared words, in reach of code memory. Once, before any thread.
  virtual void start(Engine& engine, AppRange words) = 0;
  /// A code image was resumed; `state` is what image_state() gave when it was written. Before the
  /// program's first thread.
  virtual void resume_image(std::vector<uint8_t> state) = 0;
  /// What has to be known to go on with an image of code at addresses that are `kept`. Nothing if
  /// there must be none.
  virtual std::optional<std::vector<uint8_t>> image_state(
      const std::function<bool(AppPc)>& kept) = 0;
  /// The program's first thread is about to run.
  virtual void process_started(Thread& thread) = 0;

  /// The time is over that a thread has set linux::set_cpu_alarm() for. On any program thread.
  virtual void cpu_alarm() = 0;

  /// The call is in thread.context(). True: it is not made, its result is in the context.
  virtual bool syscall_before(Thread& thread) = 0;
  /// Between the two a child of vfork may run on the thread: what the host keeps of it is then as
  /// it was. What lend() returns is take_back()'s.
  virtual size_t lend(Thread& thread) = 0;
  virtual void take_back(Thread& thread, size_t lent) = 0;
  /// `number` and its arguments may be gone from the context; the result is in rax. True: another
  /// call is to be made, as the context has it by then.
  virtual bool syscall_after(Thread& thread) = 0;
  /// False: the program does not get the signal.
  virtual bool signal(Thread& thread, const siginfo_t& info) = 0;

  /// The thread is inside the code cache, its state in thread.context(). True if the program is to
  /// go on at context.rip instead of behind the call.
  virtual bool clean_call(Thread& thread, const translate::CallSite& site) = 0;

  /// The runtime's side of the process has faulted: does not return if a tool is to blame. True:
  /// the thread goes on by `registers`.
  SIGNAL_SAFE virtual bool faulted(const siginfo_t& info, x86::CpuContext& registers) = 0;
  /// abort() was called on the runtime's side: does not return if a tool is to blame. `thread`:
  /// null on a thread of a tool's own.
  SIGNAL_SAFE virtual void aborted(Thread* thread, const x86::CpuContext& registers) = 0;
  /// `signal` has waited for some seconds while the thread ran on the runtime's side: says for
  /// what. The process ends.
  SIGNAL_SAFE virtual void hangs(Thread& thread, int signal, const x86::CpuContext& registers) = 0;
  /// In the handler of the fault. `machine`: as the CPU had the registers; `program`: what the
  /// state map makes of them. Either may be changed. Does not return if a tool is to blame.
  virtual ListAnswer list_fault(Thread& thread, const siginfo_t& info, const ListItem& item,
                                x86::CpuContext& machine, x86::CpuContext& program) = 0;
};

}  // namespace weft::engine

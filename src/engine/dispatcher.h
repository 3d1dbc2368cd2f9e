// The loop that every program thread runs: find or build the next fragment, enter the cache, handle
// why it came back. Runs on its thread's runtime stack; holds no lock while the thread is in the
// cache.
#pragma once

#include <memory>

#include "base/address.h"
#include "engine/stepper.h"
#include "engine/thread.h"
#include "linux/kernel/outcome.h"
#include "translate/environment.h"
#include "translate/superblock.h"

namespace weft::engine {

class Engine;

class Dispatcher {
 public:
  Dispatcher(Engine& engine, Thread& thread) : engine_(engine), thread_(thread) {}

  /// Runs the program from thread.context() until the thread ends.
  void run();

  /// Builds the block at `tag`, if it is code and not in the cache. The thread is in a clean call;
  /// nothing is raised. False if it cannot be built, or there is no room.
  bool build_ahead(AppPc tag);

  /// Ahead of a fork, in a system call or a clean call: builds what earlier children have had to.
  void build_for_children();

 private:
  /// The entry for context.rip, built if need be; value 0 if the program faults there, and then the
  /// fault has been raised: context is the handler's.
  CachePc entry_for_pc(translate::Arrival arrival);
  CachePc entry_of_part(AppPc name);
  /// The same for one instruction alone, of a program that set the trap flag.
  CachePc entry_for_step();
  /// Back from the cache for `reason`: raises the trap if the instruction at `pc` is done.
  void end_step(AppPc pc, translate::ExitReason reason);
  CachePc enter_inside(AppPc tag);
  CachePc build(AppPc tag, translate::Arrival arrival);

  struct Built {
    enum Result : uint8_t { kYes, kNoCode, kFull, kAgain } result;
    CachePc entry;  ///< value 0 but for kYes
  };
  Built try_build(AppPc tag, translate::Arrival arrival);
  /// What an image has of the module of these bytes can be entered after that, or is gone. False if
  /// that was so already.
  bool wake(AppRange bytes);
  /// The same for all that the draft was made of; and for all that it will be linked with.
  bool wake_around(const translate::Draft& draft);
  /// Counts what was built and is now entered at `entry`, and makes ready what it leads to.
  void note_built(AppPc tag, CachePc entry);
  /// The paired calls of what was built return to it: not by way of the dispatcher, even at first.
  void expect_landings();
  void publish_indirect(AppPc tag);
  void raise_fetch_fault(AppPc pc);
  /// The calls at fixed addresses that the kernel still carries out for very old programs.
  bool call_vsyscall(AppPc pc);
  /// Whether handling this exit may call what needs the runtime's fs and does not ask for it.
  bool needs_libc(translate::ExitReason reason) const;
  /// Now and then, and whenever checked code has run for long.
  void calm_code_pages();

  /// Handles why the thread came back; false if it ends.
  bool handle_exit(translate::ExitReason reason);
  /// The thread came out by the exit `id`.
  void note_exit(cache::ExitId id);
  bool system_call();
  linux::Outcome carry_out();
  /// False: a tool keeps it from the program.
  bool tell_of_signal();
  void emulate_instruction();

  Engine& engine_;
  Thread& thread_;
  std::unique_ptr<Stepper> stepper_;  ///< null until the program sets the trap flag
  bool measured_ = false;             ///< the engine was asked whether the program is large
  /// Which part of the block at context.rip the thread was on its way to; see cache/part.h.
  uint32_t part_ = 0;
  /// How context.rip was reached.
  translate::Arrival arrival_ = translate::Arrival::kDirect;
  uint32_t visits_ = 0;  ///< of calm_code_pages
};

}  // namespace weft::engine

// The engine: one code cache and what serves it, for one program. Owns everything but the threads
// themselves, which live on their own stacks. Members are safe to use from any thread unless noted.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "base/address.h"
#include "base/result.h"
#include "base/spin_lock.h"
#include "cache/code_cache.h"
#include "cache/epochs.h"
#include "engine/options.h"
#include "engine/thread.h"
#include "linux/address_space.h"
#include "linux/layout.h"
#include "linux/signal_runtime.h"
#include "linux/signal_services.h"
#include "linux/sys_emulator.h"
#include "linux/sys_runtime.h"
#include "translate/environment.h"
#include "translate/superblock.h"

namespace weft::engine {

class Engine final : public linux::SysRuntime,
                     public linux::SignalRuntime,
                     public translate::ProgramCode {
 public:
  Engine(const Options& options, linux::AddressSpace& space, linux::Layout& layout);
  ~Engine() override;
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  /// Reserves code memory near `executable`, makes the shared routines. Once, before any thread.
  Status start(AppRange executable, bool dynamic);
  /// What the program looks like to itself; once, before it runs.
  void set_program(linux::ProgramImage image, linux::FollowOptions follow);

  cache::CodeCache& cache() { return *cache_; }
  cache::Epochs& epochs() { return epochs_; }
  linux::AddressSpace& space() { return space_; }
  linux::SyscallEmulator& emulator() { return *emulator_; }
  linux::SignalServices& signals() { return *signals_; }
  const translate::Environment& environment() const { return environment_; }
  const Options& options() const { return options_; }

  /// A thread object for the calling kernel thread, registered and attached.
  std::unique_ptr<Thread> make_thread();
  void retire(Thread& thread);

  /// Queues a synchronous signal for the program at thread.context(); it is delivered before the
  /// program goes on.
  void raise_fault(Thread& thread, int signal, int code, uint64_t address);
  /// The cache is full: deletes what is oldest and waits until there is room again.
  void make_room(Thread& thread);
  /// Makes sure that indirect branches to code in `range` have a shadow, if they can.
  void add_shadow(AppRange range);
  void report(int status);

  // translate::ProgramCode
  AppRange executable_range(AppPc pc) override;

  // linux::SysRuntime
  void code_changed(AppRange range) override;
  void mapped_executable(AppRange range) override;
  void run_thread(linux::ThreadStart& start) override;
  void before_fork(linux::ProgramThread& thread) override;
  void after_fork(linux::ProgramThread& thread, bool child) override;
  [[noreturn]] void run_borrowed(linux::ProgramThread& thread) override;
  void thread_ending(linux::ProgramThread& thread) override;
  void process_ending(linux::ProgramThread& thread, int status) override;
  void exec_starting(linux::ProgramThread& thread) override;
};

}  // namespace weft::engine

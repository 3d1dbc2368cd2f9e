// The engine's side of signal handling: what an address in the cache means for the program, and the
// faults that are the engine's own business. SIGNAL_SAFE but for dying().
#pragma once

#include "engine/thread.h"
#include "linux/signal/runtime.h"

namespace weft::engine {

class Engine;

class FaultHandler final : public linux::SignalRuntime {
 public:
  explicit FaultHandler(Engine& engine);

  linux::ProgramThread* current() override;
  linux::Place place(const linux::ProgramThread& thread, uint64_t rip) override;
  bool is_inside(const linux::ProgramThread& thread) override;
  bool translate(linux::ProgramThread& thread, x86::CpuContext& registers) override;
  linux::FaultAnswer on_fault(linux::ProgramThread& thread, siginfo_t& info,
                              x86::CpuContext& registers, const void* vector_state) override;
  bool let_runtime_write(uint64_t address) override;
  uint64_t leave_cache_address() override;
  uint64_t abort_enter_address() override;
  uint64_t host_fs(const linux::ProgramThread& thread) override;
  uint64_t& fs_owner(const linux::ProgramThread& thread) override;
  LateFs late_fs(const linux::ProgramThread& thread) override;
  void dying(linux::ProgramThread& thread, int signal) override;
  void park_others(const linux::ProgramThread& dying) override;
  // In alarms.cc:
  void signal_waits(linux::ProgramThread& thread, int signal) override;
  void alarm(linux::ProgramThread& thread, const siginfo_t& info,
             const x86::CpuContext& registers) override;
  void cpu_alarm(const siginfo_t& info) override;
  void aborted(linux::ProgramThread* thread, const x86::CpuContext& registers) override;

 private:
  bool has_block() const;
  /// The fragment in which a thread stands.
  void delete_fragment_at(const x86::CpuContext& registers);

  Engine& engine_;
  const bool reads_gs_base_;  ///< by an instruction
};

}  // namespace weft::engine

#include "engine/fault_handler.h"

#include <asm/prctl.h>
#include <sys/auxv.h>

#include <optional>

#include "base/runtime_fs.h"
#include "engine/cache_point.h"
#include "engine/engine.h"
#include "engine/enter.h"
#include "linux/image/vsyscall.h"
#include "linux/kernel/cpu_features.h"
#include "linux/kernel/raw_syscall.h"
#include "linux/memory/core_areas.h"
#include "linux/signal/alarm.h"
#include "linux/signal/last_state.h"
#include "x86/names.h"

namespace weft::engine {

using linux::FaultAnswer;
using linux::Place;

FaultHandler::FaultHandler(Engine& engine)
    : engine_(engine), reads_gs_base_(linux::has_fsgsbase()) {}

linux::ProgramThread* FaultHandler::current() {
  return has_block() && Thread::has_current() ? &Thread::current().program : nullptr;
}

bool FaultHandler::has_block() const {
  // A kernel thread that runs no program thread has none behind gs, unless all of them have.
  if (engine_.every_thread_has_block()) return true;
  uint64_t base = 0;
  if (reads_gs_base_) {
    asm volatile("rdgsbase %0" : "=r"(base));
  } else {
    linux::raw_syscall(__NR_arch_prctl, ARCH_GET_GS, linux::word(&base));
  }
  return base != 0;
}

Place FaultHandler::place(const linux::ProgramThread&, uint64_t rip) {
  if (is_nowhere(rip) || engine_.is_code({rip}) || is_resuming(rip)) return Place::kCache;
  return is_entering(rip) ? Place::kEntering : Place::kRuntime;
}

bool FaultHandler::is_inside(const linux::ProgramThread&) { return Thread::current().in_cache; }

bool FaultHandler::translate(linux::ProgramThread& program, x86::CpuContext& registers) {
  Thread& thread = Thread::of(program);
  const auto why = thread.code_changed ? Interruption::kChange : Interruption::kSignal;
  if (!to_program_state(thread.cache(), thread, registers, why)) return false;
  thread.code_changed = false;
  return true;
}

namespace {

/// Below the frames that clean calls leave, which begin where the thread left for the cache.
bool is_on_host_stack(Thread& thread, const x86::CpuContext& registers) {
  constexpr uint64_t kMost = 1u << 20;
  const uint64_t top = thread.block().host_rsp;
  return registers[x86::kRsp] < top && top - registers[x86::kRsp] < kMost;
}

}  // namespace

FaultAnswer FaultHandler::on_fault(linux::ProgramThread&, siginfo_t& info,
                                   x86::CpuContext& registers, const void* vector_state) {
  Thread& thread = Thread::current();
  // A jump to nowhere is a branch in the cache whose shadow word is not written, or a tool's.
  const bool in_runtime = is_nowhere(registers.rip) ? is_on_host_stack(thread, registers)
                                                    : !engine_.is_code({registers.rip});
  if (in_runtime) {
    need_runtime_fs();
    const bool lands = thread.hooks != nullptr && thread.hooks->faulted(info, registers);
    return lands ? FaultAnswer::kHandled : FaultAnswer::kBug;
  }
  if (info.si_signo == SIGSEGV) {
    std::optional<InterruptedBranch> branch = interrupted_branch(thread.cache(), thread, registers);
    if (branch) {
      const AppPc target = branch->target;
      ++thread.counters.shadow_faults;
      if (engine_.is_executable(target) || linux::vsyscall_number(target.value)) {
        if (engine_.has_shadow(target)) {
          engine_.fill_shadow(target);
        } else if (branch->site) {
          need_runtime_fs();
          engine_.hash_site(*branch->site);
        }
        // Goes on as a miss, which the routine makes of target and spilled rcx.
        registers[x86::kRsp] = branch->context[x86::kRsp];
        registers[x86::kRcx] = target.value;
        registers.rip = address_of(weft_exit_indirect_miss);
        return FaultAnswer::kHandled;
      }
      // The kernel's half is canonical too: a fetch there is a page fault.
      constexpr uint64_t kCanonicalEnd = 1ull << 47;
      const bool canonical = target.value + kCanonicalEnd < 2 * kCanonicalEnd;
      // The CPU checks the target before it goes there: the branch itself faults, undone.
      if (!canonical) take_back(*branch);
      registers = branch->context;
      const bool mapped = canonical && engine_.space().find(target).has_value();
      const int unmapped_code = canonical ? SEGV_MAPERR : int{SI_KERNEL};
      info.si_code = mapped ? int{SEGV_ACCERR} : unmapped_code;
      info.si_addr = canonical ? reinterpret_cast<void*>(target.value) : nullptr;
      return FaultAnswer::kProgram;
    }
  }
  // What is frequent has been answered.
  need_runtime_fs();
  const AppPc accessed{reinterpret_cast<uint64_t>(info.si_addr)};
  if (info.si_signo == SIGSEGV && info.si_code == SEGV_ACCERR) {
    const auto mapping = engine_.space().find(accessed);
    if (mapping && mapping->owner == linux::Owner::kProgram && mapping->writable()) {
      ++thread.counters.code_writes;
      return engine_.code_written(accessed, registers, vector_state);
    }
  }
  const OurCode ours = our_code_at(thread.cache(), {registers.rip});
  const bool unaligned = info.si_signo == SIGBUS && info.si_code == BUS_ADRALN;
  // The program checks alignment, but only its own accesses are its business.
  if (ours == OurCode::kInsertion && unaligned) return FaultAnswer::kUncheck;
  if (ours == OurCode::kCheck) {
    // While the program's bytes were compared, they were unmapped, and whoever did it deletes the
    // fragment; or alignment is checked, and the next fragment will compare aligned words.
    if (unaligned) delete_fragment_at(registers);
    return FaultAnswer::kLeave;
  }
  const uint64_t cache_pc = registers.rip;
  // int3, int n and int1 report the address behind them, debug traps the one that they came to.
  const bool int1 = info.si_signo == SIGTRAP && info.si_code == TRAP_BRKPT &&
                    *AppPc{registers.rip - 1}.bytes() == x86::kInt1;
  const bool interrupt = int1 || (info.si_signo == SIGTRAP && info.si_code == SI_KERNEL);
  if (interrupt) registers.rip -= 1;
  const std::optional<ListItem> item = list_item_at(thread.cache(), {registers.rip});
  x86::CpuContext machine = registers;
  if (!to_program_state(thread.cache(), thread, registers, Interruption::kFault)) {
    registers.rip = cache_pc;
    return FaultAnswer::kBug;
  }
  if (interrupt) {
    registers.rip += *AppPc{registers.rip}.bytes() == x86::kInterruptWithNumber ? 2 : 1;
  }
  if (item) {
    machine.rip = cache_pc;
    switch (thread.hooks->list_fault(thread, info, *item, machine, registers)) {
      case ListAnswer::kResume:
        registers = machine;
        return FaultAnswer::kHandled;
      case ListAnswer::kRedirect:
        return FaultAnswer::kMoved;
      case ListAnswer::kProgram:
        break;
    }
  }
  const bool names_instruction = info.si_signo == SIGILL || info.si_signo == SIGFPE ||
                                 (info.si_signo == SIGTRAP && (int1 || !interrupt));
  if (names_instruction) {
    info.si_addr = reinterpret_cast<void*>(registers.rip);
  }
  return FaultAnswer::kProgram;
}

void FaultHandler::delete_fragment_at(const x86::CpuContext& registers) {
  const cache::Fragment* fragment = Thread::current().cache().fragment_at({registers.rip});
  if (fragment != nullptr) engine_.code_stale(fragment->constituent_tag(0));
}

bool FaultHandler::let_runtime_write(uint64_t address) {
  return engine_.let_kernel_write({{address}, {address + 1}});
}

uint64_t FaultHandler::leave_cache_address() { return address_of(weft_leave_for_signal); }

uint64_t FaultHandler::abort_enter_address() { return address_of(weft_abort_enter); }

uint64_t FaultHandler::host_fs(const linux::ProgramThread&) {
  return Thread::current().block().host_fs;
}

uint64_t& FaultHandler::fs_owner(const linux::ProgramThread&) {
  return Thread::current().block().fs_owner;
}

linux::SignalRuntime::LateFs FaultHandler::late_fs(const linux::ProgramThread&) {
  const translate::ThreadBlock& block = Thread::current().block();
  return {block.keeps_fs != 0, block.no_fs};
}

void FaultHandler::dying(linux::ProgramThread& thread, int signal) {
  // A tool may hang in its last words: what ends a program comes again, and signal_waits() sees it.
  linux::let_ending_signals_in();
  engine_.process_dying(thread, signal);
  if ((linux::kDumpsCore & linux::set_of(signal)) != 0) {
    linux::leave_runtime_out_of_core(engine_.space());
  }
}

void FaultHandler::park_others(const linux::ProgramThread& dying) { engine_.park_threads(dying); }

}  // namespace weft::engine

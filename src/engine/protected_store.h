// Carries out a store of the program to a page that stays read-only: no other thread's write slips
// through meanwhile. Owns a slot of code memory and a scratch buffer, under one lock, which makes
// read-modify-write instructions atomic among themselves. Made once; run() is SIGNAL_SAFE but for
// that lock, which program threads take nowhere else.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/address.h"
#include "base/fork_locks.h"
#include "base/result.h"
#include "base/spin_lock.h"
#include "cache/code_cache.h"
#include "linux/memory/address_space.h"
#include "linux/memory/own_memory.h"
#include "x86/assembler.h"
#include "x86/context.h"
#include "x86/decode.h"

namespace weft::engine {

/// What weft_run_store (run_store.S) is given.
struct StoreRun {
  x86::CpuContext* registers;
  uint64_t code;
  const void* vector_state;  ///< a standard-format XSAVE area
  uint64_t vector_mask;
};

class ProtectedStore {
 public:
  ProtectedStore(const linux::AddressSpace& space, const linux::OwnMemory& memory)
      : space_(space), memory_(memory) {}

  /// Takes its slot. Once.
  Status start(cache::CodeCache& cache);

  /// Carries out the instruction at registers.rip, which faulted when it wrote to `fault`; its
  /// registers change and rip moves on (or stays, with a part of a repeated string operation
  /// done). Returns the bytes that changed, empty if none did. Nothing if the instruction is of a
  /// kind that cannot be done here; then nothing was changed.
  std::optional<AppRange> run(x86::CpuContext& registers, AppPc fault, const void* vector_state,
                              uint64_t vector_mask);

  void add_fork_locks(ForkLocks& locks) { locks.add(lock_); }

 private:
  static constexpr uint32_t kSlotSize = 64;
  static constexpr uint64_t kLongestStore = 64;
  static constexpr uint64_t kMargin = 64;

  /// Memory that an instruction may write, and its copies.
  struct Window {
    AppRange range;
    uint8_t* copy;    ///< in scratch_, placed as the range is within 64 bytes
    uint8_t* before;  ///< the same place in before_
  };

  std::optional<Window> open_window(uint64_t address, uint64_t size);
  /// Writes what differs from before back to the program.
  std::optional<AppRange> close_window(const Window& window);
  std::optional<AppRange> run_operand(x86::CpuContext& registers, const uint8_t* bytes,
                                      const x86::Insn& insn, AppPc fault);
  std::optional<AppRange> run_push(x86::CpuContext& registers, const uint8_t* bytes,
                                   const x86::Insn& insn, AppPc fault);
  std::optional<AppRange> run_string(x86::CpuContext& registers, const x86::Insn& insn);
  bool prepare_slot(const uint8_t* bytes, const x86::Insn& insn, x86::Reg base);
  bool execute(x86::CpuContext& registers, const Window& window, x86::Reg base, uint8_t filler);

  const linux::AddressSpace& space_;
  const linux::OwnMemory& memory_;
  SpinLock<LockRank::kProtectedStore> lock_;
  CachePc slot_;
  const void* vector_state_ = nullptr;  ///< of the run under way
  uint64_t vector_mask_ = 0;
  alignas(64) std::array<uint8_t, kPageSize + 3 * kMargin> scratch_{};
  std::array<uint8_t, kPageSize + 3 * kMargin> before_{};
};

}  // namespace weft::engine

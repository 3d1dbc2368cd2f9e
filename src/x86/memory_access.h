// The accesses that a memory operand makes, listed from the machine's state. Pure but for what the
// caller has it read; any thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "x86/access_form.h"
#include "x86/context.h"
#include "x86/instruction_info.h"

namespace weft::x86 {

struct MemoryAccess {
  uint64_t address = 0;
  uint32_t size = 0;
  bool read = false;
  bool written = false;
};

class MemoryAccessList {
 public:
  std::span<const MemoryAccess> all() const { return {accesses_.data(), count_}; }
  void clear() { count_ = 0; }
  void add(const MemoryAccess& access);

 private:
  /// The bytes of a vector one by one; components of the XSAVE state, their header and the like.
  static constexpr size_t kMost = 80;
  std::array<MemoryAccess, kMost> accesses_;
  size_t count_ = 0;
};

/// The state in front of the instruction.
struct MachineState {
  const CpuContext& registers;
  /// The standard format.
  const uint8_t* xsave = nullptr;
  /// Copies program memory; false if it cannot be read.
  bool (*read)(void* to, uint64_t from, size_t bytes) = nullptr;
};

/// Where an operand is, without what vector indices add.
struct OperandPlace {
  uint64_t segment = 0;  ///< its base
  uint64_t offset = 0;
};

/// Adds to `list` what `operand` accesses. Where the whole of it is one access, or repeated, that
/// is the first one.
void list_accesses(const OperandInfo& operand, const OperandPlace& place, const MachineState& state,
                   MemoryAccessList& list);

}  // namespace weft::x86

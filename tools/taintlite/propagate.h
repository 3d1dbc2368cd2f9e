// Taint on its way through registers and memory. A ThreadTaint is its thread's own; what all
// threads share is in Taint. All is called from inserted code.
#pragma once

#include "taintlite/operation.h"
#include "taintlite/shadow.h"

namespace weft::tools {

/// What a thread's word says, by which its blocks' versions are chosen.
enum Mode : uint64_t {
  kNoTaint = 0,         ///< nowhere
  kTaintInMemory = 1,   ///< in no register of the thread
  kTaintInVectors = 2,  ///< in no general one
  kTaintAnywhere = 3,
};

struct Finding {
  enum class Kind : uint64_t { kBranch, kAddress };
  Kind kind = Kind::kBranch;
  Address pc = 0;
  Label label = 0;
};

/// Findings as they come; what there is no room for is counted.
class Findings {
 public:
  static constexpr uint64_t kMost = 1u << 16;
  Findings() : list_(static_cast<Finding*>(reserve_memory(kMost * sizeof(Finding)))) {}
  LIGHT void add(Finding::Kind kind, Address pc, Label label) {
    const uint64_t at = __atomic_fetch_add(&count_, 1, __ATOMIC_RELAXED);
    if (at >= kMost) return;
    list_[at].kind = kind;
    list_[at].pc = pc;
    list_[at].label = label;
  }
  uint64_t count() const { return count_ < kMost ? count_ : kMost; }
  uint64_t lost() const { return count_ - count(); }
  const Finding& operator[](uint64_t at) const { return list_[at]; }
  void clear() { count_ = 0; }

 private:
  Finding* list_;
  uint64_t count_ = 0;
};

struct Taint {
  Labels labels;
  Shadow memory;
  Findings findings;
};

struct ThreadTaint {
  uint64_t* mode = nullptr;
  /// Not 0: code that looks for taint has met some, and cannot go on.
  uint64_t* met = nullptr;
  Taint* all = nullptr;
  uint32_t general = 0;  ///< registers that are tainted, bit r
  uint64_t vectors = 0;  ///< the same of vector registers, and of mask registers from bit 32 on
  Label registers[kRegisterBytes] = {};

  LIGHT void settle() const {
    *mode = general != 0 ? kTaintAnywhere : vectors != 0 ? kTaintInVectors : kTaintInMemory;
  }
};

/// Carries `operation` out on the labels, its memory operands being at these addresses.
LIGHT void propagate(ThreadTaint* thread, const Operation* operation, uint64_t first,
                     uint64_t second);
/// The same where general registers are clean; says in `met` if one is not any more.
LIGHT void propagate_vectors(ThreadTaint* thread, const Operation* operation, uint64_t first,
                             uint64_t second);
/// Both for an operation whose memory operand is `accesses`.
void propagate_list(ThreadTaint* thread, const Operation* operation,
                    const MemoryAccesses& accesses);
void propagate_list_vectors(ThreadTaint* thread, const Operation* operation,
                            const MemoryAccesses& accesses);
LIGHT void propagate_string(ThreadTaint* thread, const Operation* operation, uint64_t rsi,
                            uint64_t rdi, uint64_t rcx, uint64_t flags);
/// Says in `met` if what a string operation reads or writes is tainted.
LIGHT void check_string(ThreadTaint* thread, const Operation* operation, uint64_t rsi, uint64_t rdi,
                        uint64_t rcx, uint64_t flags);

/// Memory operands that are looked at together, before the first of their instructions.
struct CheckGroup {
  static constexpr size_t kMostOperands = 8;
  static constexpr size_t kMostRegisters = 4;
  static constexpr uint8_t kNone = 0xFF;
  struct Operand {
    uint8_t base = kNone;  ///< which of the values handed over
    uint8_t index = kNone;
    uint8_t scale = 0;
    uint8_t size = 0;
    int64_t displacement = 0;
  };
  uint64_t count = 0;
  Operand operands[kMostOperands];
};

/// Says in `met` whether one of the operands is tainted.
LIGHT void check(ThreadTaint* thread, const CheckGroup* group, uint64_t first, uint64_t second,
                 uint64_t third, uint64_t fourth);

/// The same of accesses.
void check_list(ThreadTaint* thread, const MemoryAccesses& accesses);

}  // namespace weft::tools

// What the parts of the mangler share: where spilled registers are, and the record of one
// instruction in the state map. x86-specific; works on one Draft, on the thread that owns it.
#pragma once

#include <cstddef>
#include <iterator>
#include <memory>
#include <span>

#include "base/check.h"
#include "translate/draft.h"
#include "translate/mangle.h"
#include "translate/thread_block.h"

namespace weft::translate {

inline constexpr uint32_t kSpillRcx = offsetof(ThreadBlock, spill_rcx);
inline constexpr uint32_t kSpill0 = offsetof(ThreadBlock, spill);
inline constexpr uint32_t kSpill1 = offsetof(ThreadBlock, spill) + sizeof(uint64_t);
inline constexpr uint32_t kGsBase =
    offsetof(ThreadBlock, context) + offsetof(x86::CpuContext, gs_base);

/// Records an instruction emitted between construction and finish(), with the zones on the way.
class Record {
 public:
  Record(Draft& draft, const Instruction& at)
      : draft_(draft), start_(draft.hot.position()), app_length_(at.insn.length) {
    if (!draft.hold) return;
    UndoZone& first = zone();
    first.hold = true;
    first.fresh = draft.fresh;
  }

  UndoZone& zone() {
    CHECK(count_ < std::size(zones_));
    UndoZone& next = *std::construct_at(&zones_[count_]);
    if (count_ > 0) next = zones_[count_ - 1];
    ++count_;
    next.offset = static_cast<uint8_t>(draft_.hot.position() - start_);
    return next;
  }
  void finish() {
    draft_.map.add(app_length_, draft_.hot.position() - start_, std::span(zones_, count_));
  }

 private:
  Draft& draft_;
  uint32_t start_;
  uint32_t app_length_;
  // Most instructions have none, and clearing them all would cost more than the rest.
  union {
    UndoZone zones_[9];  ///< those below count_
  };
  size_t count_ = 0;
};

/// Whether the instruction has a memory operand in the program's gs segment.
bool has_gs_operand(const x86::Insn& insn);

}  // namespace weft::translate

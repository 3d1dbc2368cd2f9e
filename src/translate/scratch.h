// Registers that inserted code takes for a moment. Belongs to one emission, on its thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "translate/thread_block.h"
#include "x86/assembler.h"
#include "x86/scratch.h"

namespace weft::translate {

using x86::register_bit;

/// Dead ones as they are, others saved in the thread's block.
class Scratch {
 public:
  Scratch(x86::Assembler& out, uint16_t dead) : out_(out), free_(dead) {}

  x86::Reg take(uint16_t avoid) {
    const auto usable = static_cast<uint16_t>(~(avoid | taken_ | register_bit(x86::kRsp)));
    return take_exactly(x86::choose_register(usable, free_));
  }
  x86::Reg take_exactly(x86::Reg reg) {
    taken_ |= register_bit(reg);
    if ((free_ & register_bit(reg)) != 0) return reg;
    CHECK(count_ < saved_.size());
    out_.mov_gs_reg(slot(count_), reg);
    saved_[count_++] = reg;
    return reg;
  }
  bool has(x86::Reg reg) const { return (taken_ & register_bit(reg)) != 0; }
  /// May be emitted on several ways out.
  void restore() const {
    for (size_t i = 0; i < count_; ++i) out_.mov_reg_gs(saved_[i], slot(i));
  }
  bool saved_any() const { return count_ != 0; }

 private:
  static uint32_t slot(size_t index) {
    return static_cast<uint32_t>(offsetof(ThreadBlock, tool_spill) + index * sizeof(uint64_t));
  }

  x86::Assembler& out_;
  uint16_t free_;
  uint16_t taken_ = 0;
  size_t count_ = 0;
  std::array<x86::Reg, 4> saved_{};
};

}  // namespace weft::translate

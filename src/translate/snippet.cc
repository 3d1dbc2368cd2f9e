#include "translate/snippet.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include "translate/operand_address.h"
#include "translate/thread_block.h"
#include "x86/scratch.h"

namespace weft::translate {
namespace {

using x86::Alu;
using x86::Assembler;
using x86::Reg;
using Kind = SnippetStep::Kind;

uint16_t bit(unsigned reg) { return static_cast<uint16_t>(1u << reg); }

uint32_t spill_offset(size_t index) {
  return static_cast<uint32_t>(offsetof(ThreadBlock, spill) + index * sizeof(uint64_t));
}

/// Whether the address is more than one lea makes.
bool adds_to_address(const SnippetStep& step) {
  return step.memory.fs || step.memory.gs || step.memory.is_moved();
}

/// What lea does leaves the flags alone.
bool is_lea(const SnippetStep& step) {
  return step.kind == Kind::kCompute && step.alu == Alu::kAdd;
}

bool changes_flags(const SnippetStep& step) {
  switch (step.kind) {
    case Kind::kCompute:
      return !is_lea(step);
    case Kind::kShift:
    case Kind::kBitLength:
    case Kind::kSkip:
    case Kind::kCountByte:
      return true;
    case Kind::kAddress:
      return adds_to_address(step);
    default:
      return false;
  }
}

bool uses(const SnippetStep& step, uint8_t scratch) {
  if (step.kind == Kind::kHere) return false;
  const bool has_from =
      step.kind == Kind::kCopy || step.kind == Kind::kLoad || step.kind == Kind::kStore ||
      step.kind == Kind::kStoreWord ||
      ((step.kind == Kind::kCompute || step.kind == Kind::kSkip) && !step.constant);
  return (step.kind != Kind::kStoreWord && step.to == scratch) ||
         (has_from && step.from == scratch);
}

/// Emits one snippet.
class Emission {
 public:
  Emission(Draft& draft, std::span<const SnippetStep> steps, bool flags_free, uint16_t free)
      : draft_(draft), out_(draft.hot), steps_(steps), free_(free), read_(registers_read(steps)) {
    saves_flags_ = !flags_free && std::any_of(steps.begin(), steps.end(), changes_flags);
    choose_registers();
  }

  SnippetPlaces emit() {
    SnippetPlaces places;
    save();
    places.start = out_.position();
    for (const SnippetStep& step : steps_) emit_step(step);
    places.end = out_.position();
    restore();
    places.inside.hold = true;
    places.inside.flags_spilled = saves_flags_;
    if (is_saved(0)) places.inside.spilled_0 = chosen_[0];
    if (is_saved(1)) places.inside.spilled_1 = chosen_[1];
    return places;
  }

 private:
  void choose_registers() {
    uint16_t avoid = static_cast<uint16_t>(read_ | bit(x86::kRsp));
    for (uint8_t i = 0; i < kSnippetScratches; ++i) {
      used_[i] = std::any_of(steps_.begin(), steps_.end(),
                             [i](const SnippetStep& step) { return uses(step, i); });
      if (!used_[i]) continue;
      chosen_[i] = choose(avoid);
      avoid |= bit(chosen_[i]);
    }
  }

  /// A register that is free if there is one. Where the flags go through rax, it comes first: it
  /// has to be saved anyway.
  Reg choose(uint16_t avoid) const {
    if (saves_flags_ && (avoid & bit(x86::kRax)) == 0) return x86::kRax;
    // Ten registers are the most that an instruction and its operands name.
    return x86::choose_register(static_cast<uint16_t>(~avoid), free_);
  }

  bool is_saved(size_t scratch) const {
    return used_[scratch] && (free_ & bit(chosen_[scratch])) == 0;
  }
  bool rax_is_scratch() const {
    return (used_[0] && chosen_[0] == x86::kRax) || (used_[1] && chosen_[1] == x86::kRax);
  }
  /// Whether rax holds what is wanted while the flags pass through it.
  bool rax_is_kept() const {
    return !rax_is_scratch() && ((free_ & bit(x86::kRax)) == 0 || (read_ & bit(x86::kRax)) != 0);
  }
  static constexpr uint32_t kRaxKeeper = offsetof(ThreadBlock, tool_spill);
  static constexpr uint32_t kAddressSpill = kRaxKeeper + sizeof(uint64_t);

  void save() {
    for (size_t i = 0; i < kSnippetScratches; ++i) {
      if (is_saved(i)) out_.mov_gs_reg(spill_offset(i), chosen_[i]);
    }
    if (!saves_flags_) return;
    if (rax_is_kept()) out_.mov_gs_reg(kRaxKeeper, x86::kRax);
    out_.flags_to_rax();
    out_.mov_gs_reg(spill_offset(kFlagsSpill), x86::kRax);
    if (rax_is_kept()) out_.mov_reg_gs(x86::kRax, kRaxKeeper);
  }

  void restore() {
    if (saves_flags_) {
      if (rax_is_kept()) out_.mov_gs_reg(kRaxKeeper, x86::kRax);
      out_.mov_reg_gs(x86::kRax, spill_offset(kFlagsSpill));
      out_.flags_from_rax();
      if (rax_is_kept()) out_.mov_reg_gs(x86::kRax, kRaxKeeper);
    }
    for (size_t i = 0; i < kSnippetScratches; ++i) {
      if (is_saved(i)) out_.mov_reg_gs(chosen_[i], spill_offset(i));
    }
  }

  void emit_step(const SnippetStep& step) {
    const Reg to = chosen_[step.to];
    const Reg from = chosen_[step.from];
    switch (step.kind) {
      case Kind::kConstant:
        return out_.mov_reg_imm(to, step.number);
      case Kind::kRegister:
        return out_.mov_reg_reg(to, static_cast<Reg>(step.number));
      case Kind::kAddress:
        return emit_address(to, step.memory);
      case Kind::kThreadWord:
        return out_.mov_reg_gs(to, static_cast<uint32_t>(step.number));
      case Kind::kCopy:
        return out_.mov_reg_reg(to, from);
      case Kind::kLoad:
        return out_.load(to, from, static_cast<int32_t>(step.number), step.width);
      case Kind::kStore:
        return out_.store(to, static_cast<int32_t>(step.number), from, step.width);
      case Kind::kCountByte:
        return out_.count_byte(to, static_cast<int32_t>(step.number));
      case Kind::kStoreWord:
        return out_.mov_gs_reg(static_cast<uint32_t>(step.number), from);
      case Kind::kCompute:
        return emit_compute(step, to, from);
      case Kind::kShift:
        return emit_shift(to, static_cast<int64_t>(step.number));
      case Kind::kBitLength:
        return emit_bit_length(to);
      case Kind::kSkip:
        return emit_skip(step, to, from);
      case Kind::kHere:
        return land(step.label);
    }
  }

  void emit_address(Reg to, const x86::MemoryOperand& memory) {
    constexpr uint32_t kContext = offsetof(ThreadBlock, context);
    emit_offset(out_, memory, to, kAddressSpill);
    if (memory.fs) out_.add_reg_gs(to, kContext + offsetof(x86::CpuContext, fs_base));
    if (memory.gs) out_.add_reg_gs(to, kContext + offsetof(x86::CpuContext, gs_base));
  }

  void emit_compute(const SnippetStep& step, Reg to, Reg from) {
    const auto number = static_cast<int32_t>(step.number);
    if (is_lea(step))
      return step.constant ? out_.lea_disp(to, to, number) : out_.lea_sum(to, to, from);
    if (step.constant) return out_.compute_imm(step.alu, to, number);
    out_.compute(step.alu, to, from);
  }

  void emit_shift(Reg to, int64_t bits) {
    out_.shift_imm(to, bits > 0, static_cast<uint8_t>(bits > 0 ? bits : -bits));
  }

  /// That of n is the place of the highest bit of 2 n + 1, which is not 0.
  void emit_bit_length(Reg to) {
    out_.lea_sum(to, to, to);
    out_.lea_disp(to, to, 1);
    out_.bit_scan_reverse(to, to);
  }

  void emit_skip(const SnippetStep& step, Reg to, Reg from) {
    if (step.constant) {
      out_.compute_imm(Alu::kCmp, to, static_cast<int32_t>(step.number));
    } else {
      out_.compute(Alu::kCmp, to, from);
    }
    waiting_.push_back({step.label, out_.jcc_rel32(step.condition)});
  }

  void land(uint32_t label) {
    for (const Jump& jump : waiting_) {
      if (jump.label != label) continue;
      draft_.to_hot(jump.field, out_.position());
    }
  }

  struct Jump {
    uint32_t label;
    uint32_t field;
  };

  Draft& draft_;
  Assembler& out_;
  std::span<const SnippetStep> steps_;
  uint16_t free_;
  uint16_t read_;
  bool saves_flags_ = false;
  std::array<bool, kSnippetScratches> used_{};
  std::array<Reg, kSnippetScratches> chosen_{};
  std::vector<Jump> waiting_;
};

}  // namespace

uint16_t registers_read(std::span<const SnippetStep> steps) {
  uint16_t mask = 0;
  for (const SnippetStep& step : steps) {
    if (step.kind == Kind::kRegister) mask |= bit(static_cast<unsigned>(step.number));
    if (step.kind != Kind::kAddress) continue;
    mask |= step.memory.registers();
  }
  return mask;
}

bool stores(std::span<const SnippetStep> steps) {
  return std::any_of(steps.begin(), steps.end(), [](const SnippetStep& step) {
    return step.kind == Kind::kStore || step.kind == Kind::kStoreWord ||
           step.kind == Kind::kCountByte;
  });
}

uint32_t snippet_bound(std::span<const SnippetStep> steps) {
  constexpr uint32_t kAround = 128;
  constexpr uint32_t kStep = 20;
  constexpr uint32_t kMovedAddress = 64;
  uint32_t bound = kAround + kStep * static_cast<uint32_t>(steps.size());
  for (const SnippetStep& step : steps) {
    if (step.kind == Kind::kAddress && step.memory.is_moved()) bound += kMovedAddress;
  }
  return bound;
}

SnippetPlaces emit_snippet(Draft& draft, std::span<const SnippetStep> steps, bool flags_free,
                           uint16_t registers_free) {
  return Emission(draft, steps, flags_free, registers_free).emit();
}

}  // namespace weft::translate

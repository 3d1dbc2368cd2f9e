// Stack, strings, flags, system calls, faults: what plain encodings cannot do safely by chance.
#include "generator.h"

namespace fuzz {

void Generator::red_zone() {
  const auto offset = static_cast<int8_t>(-8 * static_cast<int>(1 + random_.below(16)));
  reg_stack(0x89, random_.below(16), offset);
  forward_branch();
  reg_stack(0x8B, scratch(), offset);
}

void Generator::stack_pointer() {
  const unsigned saved = scratch();
  const uint16_t kept = rules_.keep;
  switch (random_.below(4)) {
    case 0:
      out_.insn({0x54});  // push rsp
      pop(scratch());
      break;
    case 1:
      out_.insn({0x54});
      out_.insn({0x5C});  // pop rsp
      break;
    case 2:  // away and back
      reg_reg(0x89, 4, saved);
      out_.insn({0x48, 0x81, 0xEC});
      out_.put32(8 * random_.below(64));
      if (random_.one_in(2)) out_.insn({0x48, 0x83, 0xE4, 0xF0});  // and rsp, -16
      rules_.keep = static_cast<uint16_t>(rules_.keep | 1u << saved);
      plain(3);
      rules_.keep = kept;
      reg_reg(0x89, saved, 4);
      break;
    default:  // the data region as a stack, for a call
      reg_reg(0x89, 4, saved);
      out_.insn({0x48u | (rules_.base >= 8 ? 4 : 0), 0x89, 0xC4 | (rules_.base & 7) << 3});
      rules_.keep = static_cast<uint16_t>(rules_.keep | 1u << saved);
      call_to_next();
      plain(2);
      rules_.keep = kept;
      reg_reg(0x89, saved, 4);
      break;
  }
}

void Generator::stack_memory() {
  const auto offset = static_cast<unsigned>(8 * random_.below(8));
  switch (random_.below(5)) {
    case 0:  // push [rsp + offset]
      out_.insn({0xFF, 0x74, 0x24, offset});
      break;
    case 1:
      out_.insn({0x8F, 0x44, 0x24, offset});
      break;   // pop [rsp + offset]
    case 2: {  // xchg [rsp], reg
      const unsigned reg = scratch();
      out_.insn({0x48u | (reg >= 8 ? 4 : 0), 0x87, 0x04 | (reg & 7) << 3, 0x24});
      break;
    }
    case 3:
      out_.insn({0xFF, 0x35});  // push [rip + displacement]
      out_.put32(layout_.data() + kRegionSize / 4 + 8 * random_.below(64) - (out_.here() + 4));
      break;
    default:
      out_.insn({0x8F, 0x05});  // pop [rip + displacement]
      out_.put32(layout_.data() + kRegionSize / 4 + 8 * random_.below(64) - (out_.here() + 4));
      break;
  }
}

void Generator::frame() {
  if (rules_.base == 5 || (rules_.keep & 0x20) != 0) return stack_memory();
  const uint16_t kept = rules_.keep;
  const unsigned nesting = random_.one_in(4) ? random_.below(3) : 0;
  if (nesting != 0) out_.insn({0x48, 0x89, 0xE5});  // mov rbp, rsp: enter reads the frames above
  out_.insn({0xC8, 8 * random_.below(32), 0, nesting});
  rules_.keep |= 0x20;
  plain(3);
  rules_.keep = kept;
  out_.insn({0xC9});  // leave
}

/// rdgsbase, and wrgsbase of the same value.
void Generator::gs_base() {
  const unsigned reg = scratch();
  const unsigned rex = 0x48u | (reg >= 8 ? 1 : 0);
  out_.insn({0xF3, rex, 0x0F, 0xAE, 0xC8 | (reg & 7)});
  if (random_.one_in(2)) out_.insn({0xF3, rex, 0x0F, 0xAE, 0xD8 | (reg & 7)});
}

void Generator::flags() {
  if (layout_.gs && random_.one_in(4)) return gs_base();
  if (random_.one_in(2)) {
    out_.insn({0x9C});
    pop(scratch());
  } else {
    // Status and direction flags at random; never a trap or alignment checks.
    out_.insn({0x68});
    out_.put32(random_.word() & 0xCD5);
    out_.insn({0x9D});
  }
}

void Generator::string_operation() {
  const uint16_t used = 1u << 0 | 1u << 1 | 1u << 6 | 1u << 7;
  if ((used & (rules_.keep | 1u << rules_.base)) != 0) return jump_if_rcx_zero();
  static constexpr uint8_t kOpcodes[] = {0xA4, 0xA5, 0xA6, 0xA7, 0xAA,
                                         0xAB, 0xAC, 0xAD, 0xAE, 0xAF};
  const bool far = random_.one_in(24);  // runs into the unmapped page
  const uint64_t data = layout_.data();
  load(6,
       data + (far && random_.one_in(2) ? kRegionSize - 64 : kRegionSize / 2 + random_.below(512)));
  load(7, data + (far ? kRegionSize - random_.below(200) : kRegionSize / 2 + random_.below(512)));
  load(1, random_.below(40));
  if (random_.one_in(4)) out_.insn({0xFCu | random_.below(2)});
  out_.start_instruction();
  if (random_.percent(80)) out_.put({0xF2 | random_.below(2)});
  if (random_.one_in(5)) out_.put({0x66});
  if (layout_.low() && random_.one_in(8)) out_.put({0x67});
  if (random_.one_in(3)) out_.put({0x48});
  out_.put({kOpcodes[random_.below(sizeof kOpcodes)]});
}

/// Calls whose result is the same in every process.
void Generator::system_call() {
  if (rules_.base == 0 || rules_.base == 1 || rules_.base == 11 || (rules_.keep & 0x803) != 0) {
    return flags();
  }
  const uint16_t kept = rules_.keep;
  static constexpr uint32_t kNumbers[] = {0x7FFF, 24, 0xFFFFFFFF, 1000};  // sched_yield, and none
  load(0, kNumbers[random_.below(4)]);
  out_.insn({0x0F, 0x05});
  rules_.keep |= 0x801;
  plain(1);
  rules_.keep = kept;
}

void Generator::fault() {
  switch (random_.below(12)) {
    case 0:  // ud2
      out_.insn({0x0F, 0x0B});
      break;
    case 1:  // int3
      out_.insn({0xCC});
      break;
    case 2:  // hlt
      out_.insn({0xF4});
      break;
    case 3:  // int n
      out_.insn({0xCD, random_.one_in(2) ? 0x03u : 0x2Bu});
      break;
    case 4:  // cli
      out_.insn({0xFA});
      break;
    case 5:  // mov al, [0]
      out_.insn({0x8A, 0x04, 0x25, 0, 0, 0, 0});
      break;
    case 6:  // undefined in 64-bit mode
      out_.insn({0x06});
      break;
    case 7:  // mov rax, cr0
      out_.insn({0x0F, 0x20, 0xC0});
      break;
    case 8:  // lock on a register
      out_.insn({0xF0, 0x01, 0xC0});
      break;
    case 9: {  // div by zero
      const unsigned reg = scratch();
      reg_reg(0x31, reg, reg);
      group(0xF7, 6, reg);
      break;
    }
    case 10:  // in al, 0x80
      out_.insn({0xE4, 0x80});
      break;
    default: {  // a store that cannot be
      const unsigned reg = scratch();
      load(reg, random_.one_in(2) ? uint64_t{0x8000} << 32 : layout_.data() - 8);
      out_.insn({0x48u | (reg >= 8 ? 1 : 0), 0x89, 0x40 | (reg & 7)});
      if ((reg & 7) == 4) out_.put({0x24});
      out_.put({0});
      break;
    }
  }
}

/// To where no code is. The handler sees the target's address and ends the sequence.
void Generator::wild_branch() {
  if (!random_.one_in(4)) return fault();
  const uint64_t targets[] = {0,
                              8,
                              layout_.data() + random_.below(4096),
                              layout_.data() - 4096,
                              ~uint64_t{0xFFF},
                              uint64_t{0x8000} << 32,
                              uint64_t{0x4141} << 48};
  constexpr unsigned kCanonical = 5;  // of these
  const unsigned target = random_.below(layout_.canonical ? kCanonical : 7);
  const unsigned reg = scratch();
  load(reg, targets[target]);
  out_.insn({0x70 | random_.below(16), 0});  // not always
  const uint32_t field = out_.position() - 1;
  switch (random_.below(4)) {
    case 0:
      // A call to where no address can be faults without its push. A translated one has pushed
      // before.
      through_memory(target < kCanonical, reg);
      break;
    case 1:
      push(reg);
      out_.insn({0xC3});
      break;
    default:
      through_memory(false, reg);
      break;
  }
  out_.link8(field, out_.position());
}

void Generator::gather() {
  // vpxor ymm1: indices all 0; vpcmpeqd ymm2: mask all ones; vpgatherdd ymm3, [base + ymm1*4 + 32]
  out_.insn({0xC5, 0xF5, 0xEF, 0xC9});
  out_.insn({0xC5, 0xED, 0x76, 0xD2});
  const unsigned base = rules_.base;
  out_.insn({0xC4, base >= 8 ? 0xC2u : 0xE2u, 0x6D, 0x90 + random_.below(4), 0x5C,
             0x88 | (base & 7), 32});
}

void Generator::masked_store() {
  if (rules_.base == 7 || (rules_.keep & 0x80) != 0) return gather();
  load(7, layout_.data() + kRegionSize / 2 + random_.below(256));
  if (random_.one_in(2))
    out_.insn({0x66, 0x0F, 0xF7, 0xC0 | random_.below(64)});  // maskmovdqu
  else
    out_.insn({0xC5, 0xF9, 0xF7, 0xC0 | random_.below(64)});  // vmaskmovdqu
}

void Generator::bit_string() {
  static constexpr uint8_t kOpcodes[] = {0xA3, 0xAB, 0xB3, 0xBB};  // bt, bts, btr, btc
  const unsigned reg = scratch();
  const unsigned base = rules_.base;
  load(reg, random_.one_in(2) ? random_.below(4096) : ~uint64_t{random_.below(4096)});
  out_.start_instruction();
  if (random_.one_in(4)) out_.put({0xF0});
  out_.put({0x48u | (reg >= 8 ? 4 : 0) | (base >= 8 ? 1 : 0), 0x0F, kOpcodes[random_.below(4)],
            0x40 | (reg & 7) << 3 | (base & 7)});
  if ((base & 7) == 4) out_.put({0x24});
  out_.put({0});
}

/// mov between the accumulator and an absolute 64-bit address.
void Generator::absolute_move() {
  if (rules_.base == 0 || (rules_.keep & 1) != 0) return bit_string();
  out_.insn({0x48, 0xA0 + random_.below(4)});
  out_.put64(layout_.data() + kRegionSize / 4 + random_.below(1024));
}

}  // namespace fuzz

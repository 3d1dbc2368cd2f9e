// Every way in which a program can go somewhere else.
#include "generator.h"

namespace fuzz {

void Generator::forward_branch() {
  out_.insn({0x70 | random_.below(16), 0});
  const uint32_t field = out_.position() - 1;
  plain(4);
  out_.link8(field, out_.position());
}

void Generator::forward_branch_near() {
  const unsigned hint = random_.below(8);
  out_.start_instruction();
  if (hint == 0) out_.put({0x3E});
  if (hint == 1) out_.put({0x2E});
  out_.put({0x0F, 0x80 | random_.below(16)});
  out_.put32(0);
  const uint32_t field = out_.position() - 4;
  plain(3);
  if (random_.one_in(3) && out_.has_room()) forward_branch();
  out_.link32(field, out_.position());
}

void Generator::jump_over_junk() {
  if (random_.one_in(2)) {
    const unsigned size = random_.below(40);
    out_.insn({0xEB, size});
    junk(size);
  } else {
    const uint32_t field = jump32({0xE9});
    junk(random_.below(60));
    out_.link32(field, out_.position());
  }
}

void Generator::loop() {
  if (rules_.base == 1 || (rules_.keep & 2) != 0) return counted_loop();
  const uint16_t kept = rules_.keep;
  load(1, 1 + random_.below(5));
  const uint32_t start = out_.position();
  rules_.keep |= 2;
  plain(3);
  rules_.keep = kept;
  out_.start_instruction();
  if (random_.one_in(4)) out_.put({0x67});
  out_.put({0xE0 + random_.below(3), 0});
  out_.link8(out_.position() - 1, start);
}

void Generator::counted_loop() {
  const unsigned counter = scratch();
  const uint16_t kept = rules_.keep;
  load(counter, 1 + random_.below(5));
  const uint32_t start = out_.position();
  rules_.keep = static_cast<uint16_t>(rules_.keep | 1u << counter);
  plain(3);
  if (random_.one_in(4) && out_.has_room()) indirect();
  rules_.keep = kept;
  group(0xFF, 1, counter);  // dec
  const uint32_t field = jump32({0x0F, 0x85});
  out_.link32(field, start);
}

void Generator::jump_if_rcx_zero() {
  if (rules_.base != 1 && (rules_.keep & 2) == 0 && random_.one_in(2)) {
    load(1, random_.one_in(2) ? 0 : uint64_t{1} << 40);
  }
  out_.start_instruction();
  if (random_.one_in(3)) out_.put({0x67});
  out_.put({0xE3, 0});
  const uint32_t field = out_.position() - 1;
  plain(3);
  out_.link8(field, out_.position());
}

uint32_t Generator::call_leaf_field(Call& call) {
  call.leaf = static_cast<Leaf>(random_.below(8));
  call.popped = call.leaf == Leaf::kPopping ? static_cast<uint16_t>(8 * random_.below(4)) : 0;
  call.skipped = call.leaf == Leaf::kSkipping ? static_cast<uint8_t>(1 + random_.below(15)) : 0;
  for (unsigned pushed = 0; pushed < call.popped; pushed += 8) push(random_.below(16));
  return 0;
}

void Generator::call() {
  if (calls_.size() >= 5) return forward_branch();
  Call call = {};
  call_leaf_field(call);
  if (random_.one_in(2)) {
    call.field = jump32({0xE8});
  } else {
    const unsigned reg = scratch();
    call.field = lea_rip(reg);
    through_memory(true, reg);
  }
  junk(call.skipped);
  calls_.push_back(call);
  if (random_.one_in(3)) reg_stack(0x8B, scratch(), -8);  // the return address, below the stack
}

/// Goes to the address in `reg`, by way of memory perhaps.
void Generator::through_memory(bool is_call, unsigned reg) {
  const unsigned extension = is_call ? 2 : 4;
  const auto displacement = static_cast<int32_t>(8 * random_.below(64));
  const unsigned base = rules_.base;
  switch (random_.below(is_call ? 4 : 5)) {
    case 0:  // [base + displacement]
      reg_base(0x89, reg, displacement);
      out_.insn({0x40u | (base >= 8 ? 1 : 0), 0xFF, 0x80 | extension << 3 | (base & 7)});
      if ((base & 7) == 4) out_.put({0x24});
      out_.put32(static_cast<uint32_t>(displacement));
      break;
    case 1: {  // [rip + displacement]
      reg_base(0x89, reg, displacement);
      const uint64_t cell = layout_.data() + kRegionSize / 4 + 8 * random_.below(64);
      out_.insn({0x48u | (reg >= 8 ? 4 : 0), 0x89, 5 | (reg & 7) << 3});
      out_.put32(cell - (out_.here() + 4));
      out_.insn({0xFF, 5 | extension << 3});
      out_.put32(cell - (out_.here() + 4));
      break;
    }
    case 2: {  // [base + index * 8]
      const unsigned index = scratch(static_cast<uint16_t>(1u << reg));
      load(index, random_.below(32));
      const unsigned rex = (index >= 8 ? 2u : 0) | (base >= 8 ? 1 : 0);
      const unsigned sib = 0xC0 | (index & 7) << 3 | (base & 7);
      out_.insn({0x48 | rex | (reg >= 8 ? 4 : 0), 0x89, 0x44 | (reg & 7) << 3, sib, 16});
      out_.insn({0x40 | rex, 0xFF, 0x44 | extension << 3, sib, 16});
      break;
    }
    case 4: {  // the stack, below or above its pointer
      const auto offset = static_cast<int8_t>(-64 + 8 * static_cast<int>(random_.below(15)));
      reg_stack(0x89, reg, offset);
      out_.insn({0xFF, 0x44 | extension << 3, 0x24, static_cast<uint8_t>(offset)});
      break;
    }
    default:  // the register itself, with a notrack prefix perhaps
      out_.start_instruction();
      if (random_.one_in(6)) out_.put({0x3E});
      if (reg >= 8) out_.put({0x41});
      out_.put({0xFF, 0xC0 | extension << 3 | (reg & 7)});
      break;
  }
}

void Generator::indirect() {
  const unsigned reg = scratch();
  const uint32_t field = lea_rip(reg);
  if (random_.one_in(2)) plain(0);
  through_memory(false, reg);
  junk(random_.below(12));
  out_.link32(field, out_.position());
  if (random_.one_in(4)) out_.insn({0xF3, 0x0F, 0x1E, 0xFA});  // endbr64
}

void Generator::return_as_jump() {
  const unsigned reg = scratch();
  const uint32_t field = lea_rip(reg);
  const unsigned popped = random_.one_in(3) ? 8 * random_.below(4) : 0;
  for (unsigned pushed = 0; pushed < popped; pushed += 8) push(random_.below(16));
  if (random_.one_in(3)) {  // call [rsp + 8], whose return address is dropped at the target
    push(reg);
    push(scratch());
    out_.insn({0xFF, 0x54, 0x24, 8});
    junk(random_.below(8));
    out_.link32(field, out_.position());
    pop(scratch());
    pop(scratch());
    pop(scratch());
    return;
  }
  push(reg);
  if (popped != 0)
    out_.insn({0xC2, popped, 0});
  else
    out_.insn({0xC3});
  junk(random_.below(12));
  out_.link32(field, out_.position());
}

void Generator::call_to_next() {
  out_.insn({0xE8, 0, 0, 0, 0});
  pop(scratch());
}

/// mov eax, imm32 whose immediate is code too: both readings meet behind it.
void Generator::into_the_middle() {
  if (rules_.base == 0 || (rules_.keep & 1) != 0) return jump_over_junk();
  static constexpr uint8_t kInner[][2] = {{0xFF, 0xC0}, {0xF7, 0xD0}, {0x01, 0xC0}, {0x89, 0xC0},
                                          {0x0C, 0x55}, {0x98, 0xF5}, {0xD1, 0xC8}, {0x90, 0x99}};
  const unsigned inner = random_.below(rules_.base == 2 || (rules_.keep & 4) != 0 ? 7 : 8);
  out_.insn({0x70 | random_.below(16), 1});  // over the opcode
  out_.insn({0xB8, kInner[inner][0], kInner[inner][1], 0xEB, 0});
}

void Generator::write_leaf(const Call& call) {
  out_.link32(call.field, out_.position());
  // Nothing in a leaf may come between it and its return address.
  const Rules kept = rules_;
  rules_.memory = false;
  rules_.stack = false;
  plain(1);
  switch (call.leaf) {
    case Leaf::kPlain:
      out_.insn({0xC3});
      break;
    case Leaf::kRepRet:
      out_.insn({0xF3, 0xC3});
      break;
    case Leaf::kPopping:
      out_.insn({0xC2, call.popped, 0});
      break;
    case Leaf::kSkipping:
      out_.insn({0x48, 0x83, 0x04, 0x24, call.skipped});  // add qword [rsp], skipped
      out_.insn({0xC3});
      break;
    case Leaf::kJumping: {
      const unsigned reg = scratch();
      pop(reg);
      out_.insn({0x40u | (reg >= 8 ? 1 : 0), 0xFF, 0xE0 | (reg & 7)});
      break;
    }
    case Leaf::kStackJump:
      reg_stack(0x8B, scratch(), 0);
      out_.insn({0x48, 0x8D, 0x64, 0x24, 8});  // lea rsp, [rsp + 8]
      out_.insn({0xFF, 0x64, 0x24, 0xF8});     // jmp [rsp - 8]
      break;
    case Leaf::kTwoWays:
      out_.insn({0x70 | random_.below(16), 1});
      out_.insn({0xC3});
      plain(1);
      out_.insn({0xC3});
      break;
    case Leaf::kTail: {
      Call tail = {jump32({0xE9}), Leaf::kPlain, 0, 0};
      calls_.push_back(tail);
      break;
    }
  }
  rules_ = kept;
}

}  // namespace fuzz

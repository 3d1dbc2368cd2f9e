#include "tool/inline_body.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "tool/callee.h"
#include "x86/assembler.h"
#include "x86/instruction_info.h"
#include "x86/names.h"
#include "x86/rewrite.h"

namespace weft::tool {
namespace {

using x86::Insn;
using x86::Kind;
using x86::Reg;

constexpr size_t kMostInstructions = 12;
constexpr uint32_t kRestOfFlags = ~x86::kArithmeticFlags;

bool is_movable(const uint8_t* bytes, const Insn& insn) {
  if (insn.kind != Kind::kPlain || insn.rep || insn.repne || insn.address_size_prefix) return false;
  if (insn.segment != x86::Segment::kNone) return false;
  if ((x86::registers_used(bytes, insn) >> x86::kRsp & 1) != 0) return false;
  const x86::FlagUse flags = x86::flag_use(bytes, insn);
  return ((flags.read | flags.written) & kRestOfFlags) == 0;
}

/// Whether the instruction copies one known register into another: then it is not needed.
bool propagate(const InlineInstruction& each, KnownRegisters& known) {
  const x86::RegisterCopy copy = x86::register_copy(each.insn);
  if (!copy.any || !known.has(copy.from)) return false;
  uint64_t value = known.values[copy.from];
  if (!x86::is_wide(each.insn)) {
    value = static_cast<uint32_t>(value);
  } else if (copy.sign_extends) {
    value = static_cast<uint64_t>(static_cast<int64_t>(static_cast<int32_t>(value)));
  }
  known.set(copy.to, value);
  return true;
}

/// `operation memory, register` with the register's value in its place, if it has that form.
std::optional<InlineInstruction> with_immediate(const InlineInstruction& each,
                                                const KnownRegisters& known) {
  const Reg reg = x86::reg_operand(each.insn);
  if (!each.insn.has_modrm || !known.has(reg)) return std::nullopt;
  std::array<uint8_t, x86::kLongestInstruction> room{};
  x86::Assembler out(room);
  if (!x86::emit_with_immediate(out, each.bytes.data(), each.insn, known.values[reg])) {
    return std::nullopt;
  }
  return inline_instruction(room.data(), out.position(), each.target);
}

InlineInstruction load_of(unsigned reg, uint64_t value) {
  std::array<uint8_t, x86::kLongestInstruction> room{};
  x86::Assembler out(room);
  out.mov_reg_imm(static_cast<x86::Reg>(reg), value);
  return inline_instruction(room.data(), out.position(), 0);
}

}  // namespace

void InlineBody::add(const InlineInstruction& instruction) {
  const uint8_t* bytes = instruction.bytes.data();
  registers = static_cast<uint16_t>(registers | x86::registers_used(bytes, instruction.insn));
  writes_flags = writes_flags || x86::flag_use(bytes, instruction.insn).written != 0;
  code.push_back(instruction);
}

InlineInstruction inline_instruction(const uint8_t* bytes, size_t size, uint64_t target) {
  InlineInstruction made;
  CHECK(size <= made.bytes.size());
  std::memcpy(made.bytes.data(), bytes, size);
  CHECK(x86::decode(made.bytes.data(), size, made.insn) && made.insn.length == size);
  made.target = target;
  return made;
}

std::optional<InlineBody> inline_body_of(uint64_t function) {
  const AppRange code = code_around(function);
  InlineBody body;
  for (uint64_t at = function; code.contains({at});) {
    const auto* bytes = reinterpret_cast<const uint8_t*>(at);
    const size_t available = std::min<size_t>(x86::kLongestInstruction, code.end.value - at);
    Insn insn;
    if (!x86::decode(bytes, available, insn)) return std::nullopt;
    if (insn.kind == Kind::kReturn) {
      if (insn.imm_size != 0) return std::nullopt;
      return body;
    }
    if (!x86::is_landing_mark(insn)) {
      if (!is_movable(bytes, insn) || body.code.size() == kMostInstructions) return std::nullopt;
      const uint64_t target = insn.rip_relative ? x86::target_of(insn, {at}).value : 0;
      body.add(inline_instruction(bytes, insn.length, target));
    }
    at += insn.length;
  }
  return std::nullopt;
}

InlineBody specialize(const InlineBody& body, KnownRegisters known) {
  InlineBody result;
  for (const InlineInstruction& each : body.code) {
    if (propagate(each, known)) continue;
    std::optional<InlineInstruction> folded = with_immediate(each, known);
    const InlineInstruction& made = folded ? *folded : each;
    const uint8_t* bytes = made.bytes.data();
    const x86::RegisterUse use = x86::register_use(bytes, made.insn);
    const uint16_t used = x86::registers_used(bytes, made.insn);
    for (unsigned reg = 0; reg < x86::kGprCount; ++reg) {
      if (!known.has(reg) || (used >> reg & 1) == 0) continue;
      if ((use.reads >> reg & 1) != 0) result.add(load_of(reg, known.values[reg]));
      known.forget(reg);
    }
    result.add(made);
  }
  return result;
}

}  // namespace weft::tool

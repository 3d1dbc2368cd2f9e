#include "tool/inline_body.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "tool/callee.h"
#include "x86/assembler.h"
#include "x86/instruction_info.h"

namespace weft::tool {
namespace {

using x86::Insn;
using x86::Kind;
using x86::Map;

constexpr size_t kMostInstructions = 12;
constexpr uint8_t kEndbr = 0x1E;
constexpr uint32_t kRestOfFlags = ~x86::kArithmeticFlags;

bool is_register_form(const Insn& insn) { return insn.has_modrm && insn.modrm >= 0xC0; }
bool is_wide(const Insn& insn) { return (insn.rex & 8) != 0; }
unsigned reg_field(const Insn& insn) {
  return (insn.modrm >> 3 & 7u) | ((insn.rex & 4u) != 0 ? 8u : 0u);
}
unsigned rm_field(const Insn& insn) { return (insn.modrm & 7u) | ((insn.rex & 1u) != 0 ? 8u : 0u); }

/// Marks the target of indirect branches, and does nothing.
bool is_landing_mark(const Insn& insn) {
  return insn.map == Map::k0F && insn.opcode == kEndbr && insn.rep;
}

bool is_movable(const uint8_t* bytes, const Insn& insn) {
  if (insn.kind != Kind::kPlain || insn.rep || insn.repne || insn.address_size_prefix) return false;
  if (insn.segment != x86::Segment::kNone) return false;
  if ((x86::registers_used(bytes, insn) >> x86::kRsp & 1) != 0) return false;
  const x86::FlagUse flags = x86::flag_use(bytes, insn);
  return ((flags.read | flags.written) & kRestOfFlags) == 0;
}

/// Whether the instruction copies one known register into another: then it is not needed.
bool propagate(const InlineInstruction& each, KnownRegisters& known) {
  const Insn& insn = each.insn;
  constexpr uint8_t kStore = 0x89;
  constexpr uint8_t kLoad = 0x8B;
  constexpr uint8_t kLoadSigned = 0x63;
  if (insn.map != Map::kOneByte || !is_register_form(insn) || insn.operand_size_prefix)
    return false;
  const bool stores = insn.opcode == kStore;
  if (!stores && insn.opcode != kLoad && insn.opcode != kLoadSigned) return false;
  const unsigned from = stores ? reg_field(insn) : rm_field(insn);
  const unsigned to = stores ? rm_field(insn) : reg_field(insn);
  if (!known.has(from)) return false;
  uint64_t value = known.values[from];
  if (!is_wide(insn)) {
    value = static_cast<uint32_t>(value);
  } else if (insn.opcode == kLoadSigned) {
    value = static_cast<uint64_t>(static_cast<int64_t>(static_cast<int32_t>(value)));
  }
  known.set(to, value);
  return true;
}

/// `operation memory, register` with the register's value in its place, if it has that form.
std::optional<InlineInstruction> with_immediate(const InlineInstruction& each,
                                                const KnownRegisters& known) {
  const Insn& insn = each.insn;
  constexpr uint8_t kMove = 0x89;
  constexpr uint8_t kLastArithmetic = 0x39;
  if (insn.map != Map::kOneByte || !insn.has_modrm || is_register_form(insn)) return std::nullopt;
  if (insn.operand_size_prefix || !known.has(reg_field(insn))) return std::nullopt;
  const bool moves = insn.opcode == kMove;
  const bool computes = insn.opcode <= kLastArithmetic && (insn.opcode & 7) == 1;
  if (!moves && !computes) return std::nullopt;
  uint64_t value = known.values[reg_field(insn)];
  if (!is_wide(insn)) {
    value = static_cast<uint64_t>(static_cast<int64_t>(static_cast<int32_t>(value)));
  }
  const auto number = static_cast<int64_t>(value);
  const bool is_byte = computes && number == static_cast<int8_t>(number);
  if (number != static_cast<int32_t>(number)) return std::nullopt;
  constexpr uint8_t kMoveImmediate = 0xC7;
  constexpr uint8_t kImmediate = 0x81;
  constexpr uint8_t kByteImmediate = 0x83;
  std::array<uint8_t, x86::kLongestInstruction + 4> bytes{};
  size_t size = insn.length;
  std::memcpy(bytes.data(), each.bytes.data(), size);
  bytes[insn.opcode_offset] = moves ? kMoveImmediate : is_byte ? kByteImmediate : kImmediate;
  const unsigned extension = moves ? 0u : insn.opcode >> 3 & 7u;
  bytes[insn.modrm_offset] = static_cast<uint8_t>((insn.modrm & 0xC7u) | extension << 3);
  // What extended the register's number.
  if (insn.rex != 0) bytes[insn.opcode_offset - 1u] = static_cast<uint8_t>(insn.rex & ~4u);
  const size_t width = is_byte ? 1 : 4;
  if (size + width > x86::kLongestInstruction) return std::nullopt;
  std::memcpy(bytes.data() + size, &number, width);
  size += width;
  return inline_instruction(bytes.data(), size, each.target);
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
    if (!is_landing_mark(insn)) {
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

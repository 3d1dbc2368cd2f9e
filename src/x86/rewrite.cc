#include "x86/rewrite.h"

#include "base/check.h"
#include "x86/encoding.h"
#include "x86/names.h"

namespace weft::x86 {
namespace {

constexpr uint8_t kLoadOpcode = 0x8B;
constexpr uint8_t kLeaOpcode = 0x8D;
constexpr uint8_t kSib = 4;     // rm: a SIB byte follows
constexpr uint8_t kNoBase = 5;  // as rm or SIB base, with mod 0

/// Where the bytes begin that make up the opcode: a REX in effect, the escape bytes, or a VEX, EVEX
/// or XOP lead. Before them stand prefixes, and REX bytes that a prefix behind them has overridden.
uint32_t opcode_start(const Insn& insn) {
  switch (insn.map) {
    case Map::kOneByte:
      return insn.opcode_offset - (insn.rex != 0 ? 1u : 0u);
    case Map::k0F:
    case Map::k3dNow:
      return insn.opcode_offset - (insn.rex != 0 ? 2u : 1u);
    case Map::k0F38:
    case Map::k0F3A:
      return insn.opcode_offset - (insn.rex != 0 ? 3u : 2u);
    default:
      return insn.opcode_offset;
  }
}

bool is_rex(uint8_t byte) { return (byte & 0xF0) == 0x40; }

/// Emits the bytes between the legacy prefixes and the modrm byte, with `cleared` of the bits that
/// extend the memory operand's base and index.
void emit_opcode_without(Assembler& out, const uint8_t* bytes, const Insn& insn, uint8_t cleared) {
  const uint32_t first = opcode_start(insn);
  const auto inverted = static_cast<uint8_t>(cleared << 5);  // as VEX, XOP and EVEX store them
  uint32_t at = first;
  switch (insn.map) {
    case Map::kVex0F:
    case Map::kVex0F38:
    case Map::kVex0F3A:
    case Map::kXop:
      out.u8(bytes[at++]);
      if (bytes[first] != 0xC5) out.u8(bytes[at++] | inverted);
      break;
    case Map::kEvex:
      out.u8(bytes[at++]);
      out.u8(bytes[at++] | inverted);
      break;
    default:
      if (insn.rex != 0 && bytes[at] == insn.rex)
        out.u8(static_cast<uint8_t>(bytes[at++] & ~cleared));
      break;
  }
  out.bytes(bytes + at, insn.modrm_offset - at);
}

/// Prefixes that stay when the memory operand is replaced. An address-size prefix does, because it
/// wraps what bt and its kin reach; with gs's base added the address is a whole one.
void emit_prefixes(Assembler& out, const uint8_t* bytes, const Insn& insn) {
  for (uint32_t at = 0; at < opcode_start(insn); ++at) {
    const bool dropped = bytes[at] == kGsPrefix || is_rex(bytes[at]) ||
                         (bytes[at] == kAddressSizePrefix && insn.segment == Segment::kGs);
    if (!dropped) out.u8(bytes[at]);
  }
}

}  // namespace

void emit_with_base(Assembler& out, const uint8_t* bytes, const Insn& insn, Reg base) {
  emit_prefixes(out, bytes, insn);
  emit_opcode_without(out, bytes, insn, kBaseBit | kIndexBit);
  out.u8(modrm(0, insn.modrm >> 3u, base));
  out.bytes(bytes + insn.length - insn.imm_size, insn.imm_size);
}

std::optional<Reg> base_register(const uint8_t* bytes, const Insn& insn) {
  const uint8_t mod = insn.modrm >> 6;
  uint8_t low = insn.modrm & 7;
  if (low == kSib) low = bytes[insn.modrm_offset + 1u] & 7;
  if (mod == 0 && low == kNoBase) return std::nullopt;
  return static_cast<Reg>(low | ((extension_bits(bytes, insn) & kBaseBit) != 0 ? 8 : 0));
}

void emit_with_other_base(Assembler& out, const uint8_t* bytes, const Insn& insn, Reg base) {
  CHECK(!insn.rip_relative);
  emit_prefixes(out, bytes, insn);
  emit_opcode_without(out, bytes, insn, kBaseBit);
  const auto reg = static_cast<uint8_t>(insn.modrm >> 3);
  uint32_t rest = insn.modrm_offset + 1u;
  if ((insn.modrm & 7) == kSib) {
    // Without a base the displacement has 32 bits, as it has in the form with a base that this
    // needs.
    const bool had_base = base_register(bytes, insn).has_value();
    const auto mod = static_cast<uint8_t>(had_base ? insn.modrm >> 6 : 2);
    out.u8(modrm(mod, reg, kSib));
    out.u8(static_cast<uint8_t>((bytes[rest++] & ~7) | base));
  } else {
    out.u8(modrm(insn.modrm >> 6u, reg, base));
  }
  out.bytes(bytes + rest, insn.length - rest);
}

bool emit_with_absolute(Assembler& out, const uint8_t* bytes, const Insn& insn, uint64_t address) {
  if (address > INT32_MAX || insn.length + 1u > kLongestInstruction) return false;
  emit_prefixes(out, bytes, insn);
  emit_opcode_without(out, bytes, insn, kBaseBit | kIndexBit);
  constexpr uint8_t kDisp32 = 0x25;  // SIB without base and index
  out.u8(modrm(0, insn.modrm >> 3u, kSib));
  out.u8(kDisp32);
  out.u32(static_cast<uint32_t>(address));
  out.bytes(bytes + insn.length - insn.imm_size, insn.imm_size);
  return true;
}

void emit_address(Assembler& out, const uint8_t* bytes, const Insn& insn, Reg to,
                  uint64_t rip_target) {
  if (insn.rip_relative) {
    out.mov_reg_imm(to, insn.address_size_prefix ? static_cast<uint32_t>(rip_target) : rip_target);
    return;
  }
  const uint8_t extension = extension_bits(bytes, insn);
  if (insn.address_size_prefix) out.u8(kAddressSizePrefix);
  out.u8(static_cast<uint8_t>(0x48 | extension | (to >= kR8 ? 4 : 0)));
  out.u8(kLeaOpcode);
  out.u8(static_cast<uint8_t>((insn.modrm & 0xC7) | (to & 7) << 3));
  const uint32_t operand = insn.modrm_offset + 1u;
  CHECK(insn.map != Map::kEvex ||
        insn.disp_size != 1);  // disp8 there is scaled: see needs_emulation
  out.bytes(bytes + operand, insn.length - insn.imm_size - operand);
}

void emit_without_fs(Assembler& out, const uint8_t* bytes, const Insn& insn) {
  for (uint32_t at = 0; at < insn.opcode_offset; ++at) {
    if (bytes[at] != kFsPrefix) out.u8(bytes[at]);
  }
  out.bytes(bytes + insn.opcode_offset, insn.length - insn.opcode_offset);
}

bool emit_with_immediate(Assembler& out, const uint8_t* bytes, const Insn& insn, uint64_t value) {
  constexpr uint8_t kMove = 0x89;
  constexpr uint8_t kLastArithmetic = 0x39;
  if (insn.map != Map::kOneByte || !has_memory_operand(insn) || insn.operand_size_prefix)
    return false;
  const bool moves = insn.opcode == kMove;
  const bool computes = insn.opcode <= kLastArithmetic && (insn.opcode & 7) == 1;
  if (!moves && !computes) return false;
  const auto number = static_cast<int64_t>(
      is_wide(insn) ? value : static_cast<uint64_t>(int64_t{static_cast<int32_t>(value)}));
  if (number != static_cast<int32_t>(number)) return false;
  const bool is_byte = computes && number == static_cast<int8_t>(number);
  const size_t width = is_byte ? 1 : 4;
  if (insn.length + width > kLongestInstruction) return false;
  constexpr uint8_t kMoveImmediate = 0xC7;
  constexpr uint8_t kImmediate = 0x81;
  constexpr uint8_t kByteImmediate = 0x83;
  constexpr uint8_t kRegBit = 4;  // of REX: it extended the register's number
  const uint32_t rex_size = insn.rex != 0 ? 1 : 0;
  out.bytes(bytes, insn.opcode_offset - rex_size);
  if (rex_size != 0) out.u8(static_cast<uint8_t>(insn.rex & ~kRegBit));
  out.u8(moves ? kMoveImmediate : is_byte ? kByteImmediate : kImmediate);
  const auto extension = static_cast<uint8_t>(moves ? 0 : insn.opcode >> 3 & 7);
  out.u8(modrm(insn.modrm >> 6, extension, insn.modrm & 7));
  const uint32_t rest = insn.modrm_offset + 1u;
  out.bytes(bytes + rest, insn.length - rest);
  out.bytes(&number, width);
  return true;
}

uint32_t emit_load_from_operand(Assembler& out, const uint8_t* bytes, const Insn& insn, Reg to) {
  if (insn.segment == Segment::kFs) out.u8(kFsPrefix);
  if (insn.address_size_prefix) out.u8(kAddressSizePrefix);
  out.u8(static_cast<uint8_t>(0x48 | (insn.rex & 0x03) | (to >= kR8 ? 4 : 0)));
  out.u8(kLoadOpcode);
  out.u8(static_cast<uint8_t>((insn.modrm & 0xC7) | (to & 7) << 3));
  const uint32_t operand = insn.modrm_offset + 1u;
  const uint32_t field = out.position();
  out.bytes(bytes + operand, insn.length - insn.imm_size - operand);
  return insn.rip_relative ? field : ~uint32_t{0};
}

}  // namespace weft::x86

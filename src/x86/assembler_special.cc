// Flags, the stack, loads without a REX byte, padding: what single places in weft need.
#include "x86/assembler.h"
#include "x86/encoding.h"

namespace weft::x86 {
namespace {

constexpr uint8_t kAtRsp = 0x24;  // a SIB byte: rsp without an index

/// A register that needs no bit of a REX byte, as a base no SIB byte and no displacement.
void check_short(Reg reg) { CHECK(reg < kR8 && reg != kRsp && reg != kRbp); }

}  // namespace

void Assembler::flags_to_rax() {
  const uint8_t code[] = {0x9F,               // lahf
                          0x0F, 0x90, 0xC0};  // seto al
  bytes(code, sizeof code);
}

void Assembler::flags_from_rax() {
  const uint8_t code[] = {0x04, 0x7F,  // add al, 127: overflows if it was 1
                          0x9E};       // sahf
  bytes(code, sizeof code);
}

void Assembler::pushf() { u8(0x9C); }
void Assembler::popf() { u8(0x9D); }

void Assembler::compute_at_rsp(Alu operation, int32_t value) {
  const uint8_t code[] = {0x81, modrm(0, static_cast<unsigned>(operation), 4), kAtRsp};
  bytes(code, sizeof code);
  u32(static_cast<uint32_t>(value));
}

void Assembler::test_at_rsp(int32_t value) {
  const uint8_t code[] = {0xF7, modrm(0, 0, 4), kAtRsp};
  bytes(code, sizeof code);
  u32(static_cast<uint32_t>(value));
}

void Assembler::load_byte_above_rsp(Reg to, int8_t offset) {
  check_short(to);
  const uint8_t code[] = {0x0F, 0xB6, modrm(1, to, 4), kAtRsp, static_cast<uint8_t>(offset)};
  bytes(code, sizeof code);
}

void Assembler::test_byte(Reg reg, uint8_t bits) {
  CHECK(reg < kRsp);  // the next four are ah to bh
  const uint8_t code[] = {0xF6, modrm(3, 0, reg), bits};
  bytes(code, sizeof code);
}

void Assembler::ret() { u8(0xC3); }
void Assembler::undefined() {
  const uint8_t code[] = {0x0F, 0x0B};
  bytes(code, sizeof code);
}
void Assembler::halt() { u8(0xF4); }
void Assembler::syscall() {
  const uint8_t code[] = {0x0F, 0x05};
  bytes(code, sizeof code);
}

void Assembler::traps(uint32_t count) {
  for (uint32_t i = 0; i < count; ++i) u8(0xCC);
}

void Assembler::align_with_traps(uint32_t alignment) {
  while (position_ % alignment != 0 && !overflowed_) traps(1);
}

void Assembler::align_with_prefixes(uint32_t alignment) {
  constexpr uint8_t kIgnoredPrefix = 0x3E;
  while (position_ % alignment != 0 && !overflowed_) u8(kIgnoredPrefix);
}

void Assembler::fs_prefix() { u8(0x64); }

/// The opcode of a load of `width` bytes that zeroes the rest, with REX.W where it is needed.
void Assembler::load_opcode(uint8_t width) {
  if (width == 8) u8(kRexW);
  if (width < 4) u8(0x0F);
  u8(width == 1 ? 0xB6 : width == 2 ? 0xB7 : 0x8B);
}

void Assembler::load_at(Reg to, Reg base, uint8_t width) {
  check_short(to);
  check_short(base);
  load_opcode(width);
  u8(modrm(0, to, base));
}

uint32_t Assembler::load_rip(Reg to, uint8_t width) {
  check_short(to);
  load_opcode(width);
  u8(modrm(0, to, 5));
  return field();
}

void Assembler::load_gs(Reg to, uint32_t offset, uint8_t width) {
  check_short(to);
  u8(kGsPrefix);
  load_opcode(width);
  u8(modrm(0, to, 4));
  u8(0x25);  // neither base nor index
  u32(offset);
}

void Assembler::load_byte_indexed(Reg to, Reg base, Reg index) {
  check_short(to);
  check_short(base);
  check_short(index);
  load_opcode(1);
  u8(modrm(0, to, 4));
  u8(modrm(0, index, base));
}

void Assembler::store_byte_at(Reg base, uint8_t value) {
  check_short(base);
  const uint8_t code[] = {0xC6, modrm(0, 0, base), value};
  bytes(code, sizeof code);
}

void Assembler::zero_extend_short(Reg to, Reg from, uint8_t width) {
  CHECK(to < kR8 && from < kRsp && width < 4);
  load_opcode(width);
  u8(modrm(3, to, from));
}

void Assembler::zero_extend(Reg to, Reg from, uint8_t width) {
  u8(static_cast<uint8_t>((width == 8 ? kRexW : 0x40) | (to >= kR8 ? 4 : 0) |
                          (from >= kR8 ? 1 : 0)));
  if (width < 4) u8(0x0F);
  u8(width == 1 ? 0xB6 : width == 2 ? 0xB7 : 0x8B);
  u8(modrm(3, to, from));
}

void Assembler::bswap(Reg reg) {
  CHECK(reg < kR8);
  const uint8_t code[] = {kRexW, 0x0F, static_cast<uint8_t>(0xC8 | reg)};
  bytes(code, sizeof code);
}

void Assembler::double_in_place(Reg reg) {
  check_short(reg);
  const uint8_t code[] = {kRexW, 0x8D, modrm(0, reg, 4), modrm(0, reg, reg)};
  bytes(code, sizeof code);
}

void Assembler::top_byte_of_rcx() {
  bswap(kRcx);
  zero_extend_short(kRcx, kRcx, 1);
}

void Assembler::crc32_gs(Reg reg, uint32_t offset) {
  check_short(reg);
  const uint8_t code[] = {kGsPrefix, 0xF2, kRexW, 0x0F, 0x38, 0xF1, modrm(0, reg, 4), 0x25};
  bytes(code, sizeof code);
  u32(offset);
}

void Assembler::add_number(Reg reg, int32_t number, bool wide) {
  u8(static_cast<uint8_t>((wide ? kRexW : 0x40) | (reg >= kR8 ? 5 : 0)));
  u8(0x8D);
  base_operand(reg, reg, number);
}

uint32_t Assembler::mov_rip_dword(uint32_t value) {
  const uint8_t code[] = {0xC7, modrm(0, 0, 5)};
  bytes(code, sizeof code);
  const uint32_t place = field();
  u32(value);
  return place;
}

}  // namespace weft::x86

// The forms with memory operands that inserted code is made of.
#include "x86/assembler.h"
#include "x86/encoding.h"

namespace weft::x86 {
namespace {

constexpr uint8_t kLockPrefix = 0xF0;

}  // namespace

void Assembler::lea(Reg to, const MemoryOperand& operand) {
  const bool has_index = operand.index != kNoRegister;
  const bool has_base = operand.base != kNoRegister;
  const auto displacement = static_cast<int32_t>(operand.displacement);
  if (!has_index && !has_base) {
    const auto address = static_cast<uint64_t>(operand.displacement);
    mov_reg_imm(to, operand.narrow ? static_cast<uint32_t>(address) : address);
    return;
  }
  const unsigned extension = (to >= kR8 ? 4u : 0u) | (has_index && operand.index >= kR8 ? 2u : 0u) |
                             (has_base && operand.base >= kR8 ? 1u : 0u);
  unsigned scale = 0;
  while (has_index && 1u << scale < operand.scale) ++scale;
  if (operand.narrow) u8(kAddressSizePrefix);
  // Always with a SIB byte and a disp32; no base is mod 0 with base 5.
  const uint8_t code[] = {
      static_cast<uint8_t>(kRexW | extension), 0x8D, modrm(has_base ? 2 : 0, to, 4),
      modrm(scale, has_index ? operand.index : 4u, has_base ? operand.base : 5u)};
  bytes(code, sizeof code);
  u32(static_cast<uint32_t>(displacement));
}

void Assembler::lea_disp(Reg to, Reg base, int32_t displacement) {
  MemoryOperand operand;
  operand.base = base;
  operand.displacement = displacement;
  lea(to, operand);
}

uint32_t Assembler::rip_access(uint8_t opcode, Reg reg, bool wide) {
  const uint8_t code[] = {static_cast<uint8_t>((wide ? kRexW : 0x40) | (reg >= kR8 ? 4 : 0)),
                          opcode, modrm(0, reg, 5)};
  bytes(code, sizeof code);
  return field();
}

uint32_t Assembler::rip_imm32(Immediate operation, int32_t value) {
  const uint8_t code[] = {kRexW, operation.opcode, modrm(0, operation.extension, 5)};
  bytes(code, sizeof code);
  u32(0);
  u32(static_cast<uint32_t>(value));
  return position_ - 8;
}

void Assembler::gs_imm32(Immediate operation, uint32_t offset, int32_t value) {
  const uint8_t code[] = {kGsPrefix, kRexW, operation.opcode, modrm(0, operation.extension, 4),
                          0x25};
  bytes(code, sizeof code);
  u32(offset);
  u32(static_cast<uint32_t>(value));
}

uint32_t Assembler::add_rip_imm32(int32_t value, bool locked) {
  if (locked) u8(kLockPrefix);
  return rip_imm32(kAdd, value);
}

uint32_t Assembler::mov_rip_imm32(int32_t value) { return rip_imm32(kMov, value); }

uint32_t Assembler::mov_rip_imm8(uint8_t value) {
  const uint8_t code[] = {0xC6, modrm(0, 0, 5)};
  bytes(code, sizeof code);
  u32(0);
  u8(value);
  return position_ - 5;
}

uint32_t Assembler::cmp_rip_imm32(int32_t value) { return rip_imm32(kCmp, value); }

void Assembler::add_gs_imm(uint32_t offset, int32_t value) {
  if (value != static_cast<int8_t>(value)) return gs_imm32(kAdd, offset, value);
  const uint8_t code[] = {kGsPrefix, kRexW, 0x83, modrm(0, 0, 4), 0x25};
  bytes(code, sizeof code);
  u32(offset);
  u8(static_cast<uint8_t>(value));
}

void Assembler::cmp_gs_imm32(uint32_t offset, int32_t value) { gs_imm32(kCmp, offset, value); }

void Assembler::mov_gs_simm32(uint32_t offset, int32_t value) { gs_imm32(kMov, offset, value); }

void Assembler::base_operand(uint8_t reg_field, Reg base, int32_t displacement) {
  u8(modrm(2, reg_field, base));
  if ((base & 7) == kRsp) u8(modrm(0, 4, 4));
  u32(static_cast<uint32_t>(displacement));
}

void Assembler::store(Reg base, int32_t displacement, Reg from, uint8_t width) {
  if (width == 2) u8(0x66);
  // Always with a REX byte, so that byte registers 4 to 7 are sil and its like.
  u8(static_cast<uint8_t>((width == 8 ? kRexW : 0x40) | (from >= kR8 ? 4 : 0) |
                          (base >= kR8 ? 1 : 0)));
  u8(width == 1 ? 0x88 : 0x89);
  base_operand(from, base, displacement);
}

void Assembler::store_imm(Reg base, int32_t displacement, int32_t value, uint8_t width) {
  if (width == 2) u8(0x66);
  u8(static_cast<uint8_t>((width == 8 ? kRexW : 0x40) | (base >= kR8 ? 1 : 0)));
  u8(width == 1 ? 0xC6 : 0xC7);
  base_operand(0, base, displacement);
  bytes(&value, width == 8 ? 4 : width);
}

void Assembler::load(Reg to, Reg base, int32_t displacement, uint8_t width) {
  u8(static_cast<uint8_t>((width == 8 ? kRexW : 0x40) | (to >= kR8 ? 4 : 0) |
                          (base >= kR8 ? 1 : 0)));
  if (width < 4) {
    u8(0x0F);
    u8(width == 1 ? 0xB6 : 0xB7);
  } else {
    u8(0x8B);
  }
  base_operand(to, base, displacement);
}

void Assembler::count_byte(Reg base, int32_t displacement) {
  // add byte, 1; adc byte, 0
  for (const Immediate step : {Immediate{0x80, 0}, Immediate{0x80, 2}}) {
    if (base >= kR8) u8(0x41);
    u8(step.opcode);
    base_operand(step.extension, base, displacement);
    u8(step.extension == 0 ? 1 : 0);
  }
}

void Assembler::bit_scan_reverse(Reg to, Reg from) {
  const uint8_t code[] = {static_cast<uint8_t>(kRexW | (to >= kR8 ? 4 : 0) | (from >= kR8 ? 1 : 0)),
                          0x0F, 0xBD, modrm(3, to, from)};
  bytes(code, sizeof code);
}

void Assembler::compute(Alu operation, Reg to, Reg from) {
  const uint8_t code[] = {static_cast<uint8_t>(kRexW | (from >= kR8 ? 4 : 0) | (to >= kR8 ? 1 : 0)),
                          static_cast<uint8_t>(static_cast<unsigned>(operation) << 3 | 1),
                          modrm(3, from, to)};
  bytes(code, sizeof code);
}

void Assembler::compute_imm(Alu operation, Reg to, int32_t value) {
  const uint8_t code[] = {static_cast<uint8_t>(kRexW | (to >= kR8 ? 1 : 0)), 0x81,
                          modrm(3, static_cast<unsigned>(operation), to)};
  bytes(code, sizeof code);
  u32(static_cast<uint32_t>(value));
}

void Assembler::shift_imm(Reg reg, bool left, uint8_t bits) {
  const uint8_t code[] = {static_cast<uint8_t>(kRexW | (reg >= kR8 ? 1 : 0)), 0xC1,
                          modrm(3, left ? 4 : 5, reg), bits};
  bytes(code, sizeof code);
}

void Assembler::shift_signed(Reg reg, uint8_t bits) {
  const uint8_t code[] = {static_cast<uint8_t>(kRexW | (reg >= kR8 ? 1 : 0)), 0xC1,
                          modrm(3, 7, reg), bits};
  bytes(code, sizeof code);
}

void Assembler::zero_extend_byte(Reg to, Reg from) {
  const uint8_t code[] = {static_cast<uint8_t>(kRexW | (to >= kR8 ? 4 : 0) | (from >= kR8 ? 1 : 0)),
                          0x0F, 0xB6, modrm(3, to, from)};
  bytes(code, sizeof code);
}

void Assembler::sign_extend(Reg to, Reg from, uint8_t width) {
  u8(static_cast<uint8_t>(kRexW | (to >= kR8 ? 4 : 0) | (from >= kR8 ? 1 : 0)));
  if (width == 2) u8(0x0F);
  u8(width == 2 ? 0xBF : width == 4 ? 0x63 : 0x8B);
  u8(modrm(3, to, from));
}

}  // namespace weft::x86

#include "x86/assembler.h"

#include <array>

#include "x86/encoding.h"

namespace weft::x86 {
namespace {

constexpr uint8_t rex(Reg reg, Reg rm) {
  return static_cast<uint8_t>(kRexW | (reg >= kR8 ? 4 : 0) | (rm >= kR8 ? 1 : 0));
}

}  // namespace

void Assembler::nop(uint32_t size) {
  static constexpr std::array<std::array<uint8_t, 8>, 8> kNops = {{
      {0x90},
      {0x66, 0x90},
      {0x0F, 0x1F, 0x00},
      {0x0F, 0x1F, 0x40, 0x00},
      {0x0F, 0x1F, 0x44, 0x00, 0x00},
      {0x66, 0x0F, 0x1F, 0x44, 0x00, 0x00},
      {0x0F, 0x1F, 0x80, 0x00, 0x00, 0x00, 0x00},
      {0x0F, 0x1F, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00},
  }};
  CHECK(size <= kNops.size());
  if (size > 0) bytes(kNops[size - 1].data(), size);
}

void Assembler::gs_access(uint8_t opcode, uint32_t offset, Reg reg) {
  const uint8_t head[] = {kGsPrefix, rex(reg, kRax), opcode, modrm(0, reg, 4), 0x25};
  bytes(head, sizeof head);
  u32(offset);
}

void Assembler::mov_gs_imm32(uint32_t offset, uint32_t value) {
  const uint8_t head[] = {kGsPrefix, 0xC7, modrm(0, 0, 4), 0x25};
  bytes(head, sizeof head);
  u32(offset);
  u32(value);
}

void Assembler::mov_reg_reg(Reg to, Reg from) {
  const uint8_t code[] = {rex(from, to), 0x89, modrm(3, from, to)};
  bytes(code, sizeof code);
}

void Assembler::mov_reg_imm(Reg reg, uint64_t value) {
  const uint8_t extended = reg >= kR8 ? 1 : 0;
  if (value == static_cast<uint32_t>(value)) {
    if (extended != 0) u8(0x41);
    u8(static_cast<uint8_t>(0xB8 | (reg & 7)));
    u32(static_cast<uint32_t>(value));
  } else if (static_cast<int64_t>(value) == static_cast<int32_t>(value)) {
    const uint8_t head[] = {static_cast<uint8_t>(kRexW | extended), 0xC7, modrm(3, 0, reg)};
    bytes(head, sizeof head);
    u32(static_cast<uint32_t>(value));
  } else {
    u8(static_cast<uint8_t>(kRexW | extended));
    u8(static_cast<uint8_t>(0xB8 | (reg & 7)));
    u64(value);
  }
}

void Assembler::mov_reg_absolute(Reg to, uint32_t address) {
  const uint8_t head[] = {rex(to, kRax), 0x8B, modrm(0, to, 4), 0x25};
  bytes(head, sizeof head);
  u32(address);
}

void Assembler::prefetch_low(uint32_t address) {
  const uint8_t code[] = {kAddressSizePrefix, 0x0F, 0x18, modrm(0, kRcx, 4), 0x25};
  bytes(code, sizeof code);
  u32(address);
}

void Assembler::lea_rsp(int32_t delta) {
  if (delta == static_cast<int8_t>(delta)) {
    const uint8_t code[] = {kRexW, 0x8D, modrm(1, kRsp, 4), 0x24, static_cast<uint8_t>(delta)};
    bytes(code, sizeof code);
    return;
  }
  const uint8_t head[] = {kRexW, 0x8D, modrm(2, kRsp, 4), 0x24};
  bytes(head, sizeof head);
  u32(static_cast<uint32_t>(delta));
}

void Assembler::lea_rcx(int32_t delta) {
  const uint8_t head[] = {kRexW, 0x8D, modrm(2, kRcx, kRcx)};
  bytes(head, sizeof head);
  u32(static_cast<uint32_t>(delta));
}

void Assembler::lea_sum(Reg to, Reg base, Reg index) {
  // mod=1 with a zero displacement: mod=0 has no form for rbp and r13 as base.
  CHECK(index != kRsp);
  const auto prefix = static_cast<uint8_t>(rex(to, base) | (index >= kR8 ? 2 : 0));
  const uint8_t code[] = {prefix, 0x8D, modrm(1, to, 4), modrm(0, index, base), 0};
  bytes(code, sizeof code);
}

void Assembler::add_small(Reg reg, int8_t delta) {
  CHECK(reg < kR8 && reg != kRsp);
  const uint8_t code[] = {0x48, 0x8D, modrm(1, reg, reg), static_cast<uint8_t>(delta)};
  bytes(code, sizeof code);
}

void Assembler::pop(Reg reg) {
  if (reg >= kR8) u8(0x41);
  u8(static_cast<uint8_t>(0x58 | (reg & 7)));
}

void Assembler::push_imm32(int32_t value) {
  u8(0x68);
  u32(static_cast<uint32_t>(value));
}

}  // namespace weft::x86

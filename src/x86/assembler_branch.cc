// Branches: to labels, through memory, with a field for whoever knows where they lead.
#include "x86/assembler.h"
#include "x86/encoding.h"

namespace weft::x86 {
namespace {

/// Of the code segment: means nothing to a direct branch, but for a hint that CPUs do not take.
constexpr uint8_t kNullPrefix = 0x2E;
constexpr uint8_t kJump = 0xE9;
constexpr uint8_t kShortJump = 0xEB;
constexpr uint8_t kFirstLoop = 0xE0;
constexpr uint8_t kJrcxz = 0xE3;
constexpr uint8_t kGroup5 = 0xFF;
// Operations of group 5 with a RIP-relative operand, and with a SIB byte.
constexpr uint8_t kCallRip = 0x15, kJumpRip = 0x25, kPushRip = 0x35;
constexpr uint8_t kJumpSib = 0x24, kJumpSibDisp32 = 0xA4;

constexpr uint8_t scaled8(Reg base, Reg index) {
  return static_cast<uint8_t>(0xC0 | (index & 7) << 3 | (base & 7));
}

}  // namespace

void Assembler::bind(Label& label) {
  CHECK(!label.is_bound());
  label.place_ = position_;
  for (uint32_t i = 0; i < label.count_; ++i) fill(label.fields_[i], position_);
}

void Assembler::lead_to(Label& label, uint8_t size) {
  const uint64_t nothing = 0;
  bytes(&nothing, size);
  note(label, {position_ - size, size});
}

void Assembler::note(Label& label, Label::Field field) {
  if (label.is_bound()) return fill(field, label.place_);
  CHECK(label.count_ < Label::kMostFields);
  label.fields_[label.count_++] = field;
}

void Assembler::fill(Label::Field field, uint32_t place) {
  if (overflowed_) return;
  const auto distance = static_cast<int32_t>(place - (field.offset + field.size));
  CHECK(field.size != 1 || distance == static_cast<int8_t>(distance));
  std::memcpy(buffer_.data() + field.offset, &distance, field.size);
}

void Assembler::jmp(Label& label) {
  u8(kShortJump);
  lead_to(label, 1);
}

void Assembler::jcc(Condition condition, Label& label) {
  u8(static_cast<uint8_t>(0x70 | condition));
  lead_to(label, 1);
}

void Assembler::jrcxz(Label& label) {
  u8(kJrcxz);
  lead_to(label, 1);
}

void Assembler::loop(uint8_t number, bool narrow, Label& label) {
  if (narrow) u8(kAddressSizePrefix);
  u8(static_cast<uint8_t>(kFirstLoop + number));
  lead_to(label, 1);
}

void Assembler::xbegin(Label& label) {
  const uint8_t code[] = {0xC7, 0xF8};
  bytes(code, sizeof code);
  lead_to(label, 4);
}

void Assembler::lea_rip(Reg to, Label& label) { note(label, {lea_rip(to), 4}); }

void Assembler::align_patch_field(uint32_t lead) {
  const uint32_t misplaced = (position_ + lead) % 8;
  const uint32_t padding = misplaced > 4 ? 8 - misplaced : 0;
  for (uint32_t i = 0; i < padding; ++i) u8(kNullPrefix);
}

uint32_t Assembler::call_rel32() {
  u8(0xE8);
  return field();
}

uint32_t Assembler::jmp_rel32() {
  u8(kJump);
  return field();
}

uint32_t Assembler::jcc_rel32(Condition condition) {
  u8(0x0F);
  u8(static_cast<uint8_t>(0x80 | condition));
  return field();
}

uint32_t Assembler::jmp_rip() {
  u8(kGroup5);
  u8(kJumpRip);
  return field();
}

uint32_t Assembler::call_rip() {
  u8(kGroup5);
  u8(kCallRip);
  return field();
}

uint32_t Assembler::push_rip_literal() {
  u8(kGroup5);
  u8(kPushRip);
  return field();
}

void Assembler::jmp_far(uint64_t address) {
  constexpr uint32_t kJumpSize = 6;
  nop((8 - (position_ + kJumpSize) % 8) % 8);
  jmp_rip();
  u64(address);
}

void Assembler::jmp_reg(Reg reg) {
  CHECK(reg < kR8);
  u8(kGroup5);
  u8(static_cast<uint8_t>(0xE0 | reg));
}

void Assembler::jmp_table(Reg base, Reg index) {
  CHECK(base < kR8 && base != kRbp && index < kR8 && index != kRsp);
  const uint8_t code[] = {kGroup5, kJumpSib, scaled8(base, index)};
  bytes(code, sizeof code);
}

void Assembler::jmp_table(Reg base, Reg index, uint32_t displacement) {
  CHECK(base < kR8 && index < kR8 && index != kRsp);
  const uint8_t code[] = {kGroup5, kJumpSibDisp32, scaled8(base, index)};
  bytes(code, sizeof code);
  u32(displacement);
}

}  // namespace weft::x86

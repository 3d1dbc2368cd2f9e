#include "x86/operand.h"

#include <gtest/gtest.h>

#include <vector>

namespace weft::x86 {
namespace {

constexpr AppPc kPc{0x400000};

std::optional<uint64_t> address_of(const std::vector<uint8_t>& bytes) {
  CpuContext registers;
  for (uint64_t i = 0; i < kGprCount; ++i) registers.gpr[i] = 0x1000 * (i + 1);
  Insn insn;
  EXPECT_TRUE(decode(bytes.data(), bytes.size(), insn));
  return operand_address(registers, bytes.data(), insn, kPc);
}

TEST(OperandAddress, AddsBaseIndexAndDisplacement) {
  EXPECT_EQ(address_of({0x89, 0x08}), 0x1000u);              // mov [rax], ecx
  EXPECT_EQ(address_of({0x41, 0x89, 0x48, 0x10}), 0x9010u);  // mov [r8+16], ecx
  EXPECT_EQ(address_of({0x89, 0x4C, 0x98, 0xFF}), 0x1000u + 4 * 0x4000 - 1);
  EXPECT_EQ(address_of({0x43, 0x89, 0x0C, 0xC8}), 0x9000u + 8 * 0xA000);  // mov [r8+r9*8], ecx
}

TEST(OperandAddress, KnowsTheFormsWithoutBaseOrIndex) {
  EXPECT_EQ(address_of({0x89, 0x0C, 0x24}), 0x5000u);  // mov [rsp], ecx
  EXPECT_EQ(address_of({0x89, 0x0C, 0x25, 0x78, 0x56, 0x34, 0x12}), 0x12345678u);
  EXPECT_EQ(address_of({0x89, 0x0D, 0x10, 0, 0, 0}), kPc.value + 6 + 0x10);  // mov [rip+16], ecx
  EXPECT_EQ(address_of({0x89, 0x0C, 0x85, 0x10, 0, 0, 0}), 4 * 0x1000u + 0x10);
}

TEST(OperandAddress, TakesExtensionBitsFromVexPrefixes) {
  EXPECT_EQ(address_of({0xC5, 0xFA, 0x7F, 0x00}), 0x1000u);        // vmovdqu [rax], xmm0
  EXPECT_EQ(address_of({0xC4, 0xC1, 0x7A, 0x7F, 0x00}), 0x9000u);  // vmovdqu [r8], xmm0
  EXPECT_EQ(address_of({0xC4, 0xA1, 0x7A, 0x7F, 0x04, 0x48}), 0x1000u + 2 * 0xA000);
}

TEST(OperandAddress, HasNoneForVectorIndicesAndScaledDisplacements) {
  EXPECT_FALSE(address_of({0xC4, 0xE2, 0x69, 0x92, 0x04, 0x08}));        // vgatherdps
  EXPECT_FALSE(address_of({0x62, 0xF1, 0x7C, 0x48, 0x11, 0x40, 0x01}));  // vmovups [rax+64]
  EXPECT_EQ(address_of({0x62, 0xF1, 0x7C, 0x48, 0x11, 0x00}), 0x1000u);
}

}  // namespace
}  // namespace weft::x86

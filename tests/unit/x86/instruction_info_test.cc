#include "x86/instruction_info.h"

#include <gtest/gtest.h>

#include <vector>

namespace weft::x86 {
namespace {

/// Whether the memory operand of an instruction is read.
bool reads_memory(const std::vector<uint8_t>& bytes) {
  bool read = false;
  for (const OperandInfo& operand : describe(bytes.data(), bytes.size(), {0x400000}).operands) {
    read |= operand.kind == OperandInfo::Kind::kMemory && operand.read;
  }
  return read;
}

TEST(OperandsOfInstructions, AreReadUnlessOnlyTheirAddressIsWanted) {
  EXPECT_TRUE(reads_memory({0x48, 0x8B, 0x07}));               // mov rax, [rdi]
  EXPECT_TRUE(reads_memory({0x48, 0x39, 0x07}));               // cmp [rdi], rax
  EXPECT_FALSE(reads_memory({0x48, 0x89, 0x07}));              // mov [rdi], rax
  EXPECT_FALSE(reads_memory({0x48, 0x8D, 0x07}));              // lea rax, [rdi]
  EXPECT_FALSE(reads_memory({0x0F, 0x1F, 0x44, 0x00, 0x00}));  // nop [rax+rax]
  constexpr uint8_t kKinds[] = {0x00, 0x08, 0x10, 0x18};
  for (const uint8_t kind : kKinds) {  // prefetchnta, t0, t1, t2 [rax]
    EXPECT_FALSE(reads_memory({0x0F, 0x18, kind}));
  }
  EXPECT_FALSE(reads_memory({0x0F, 0x0D, 0x08}));        // prefetchw [rax]
  EXPECT_FALSE(reads_memory({0x0F, 0xAE, 0x38}));        // clflush [rax]
  EXPECT_FALSE(reads_memory({0x66, 0x0F, 0xAE, 0x38}));  // clflushopt [rax]
  EXPECT_FALSE(reads_memory({0x66, 0x0F, 0xAE, 0x30}));  // clwb [rax]
  EXPECT_FALSE(reads_memory({0x0F, 0x1C, 0x00}));        // cldemote [rax]
}

}  // namespace
}  // namespace weft::x86

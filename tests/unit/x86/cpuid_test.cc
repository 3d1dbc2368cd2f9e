// What CPUID answers, by the instruction and from the table.
#include "x86/cpuid.h"

#include <cpuid.h>
#include <gtest/gtest.h>

#include <array>

namespace weft::x86 {
namespace {

CpuidAnswer by_instruction(uint32_t leaf, uint32_t subleaf) {
  CpuidAnswer answer;
  __cpuid_count(leaf, subleaf, answer.eax, answer.ebx, answer.ecx, answer.edx);
  return answer;
}

void expect_same(const CpuidAnswer& a, const CpuidAnswer& b) {
  EXPECT_EQ(a.eax, b.eax);
  EXPECT_EQ(a.ebx, b.ebx);
  EXPECT_EQ(a.ecx, b.ecx);
  EXPECT_EQ(a.edx, b.edx);
}

size_t kept() {
  std::array<KeptCpuid, kMostKeptCpuid> all;
  return kept_cpuid(all);
}

TEST(Cpuid, AnswersAsTheInstruction) {
  for (int again = 0; again < 2; ++again) {
    for (const uint32_t leaf : {0u, 5u, 7u, 0xDu, 0x8000'0000u, 0x8000'0002u, 0x4000'0000u}) {
      for (uint32_t subleaf = 0; subleaf < 4; ++subleaf) {
        expect_same(cpuid(leaf, subleaf), by_instruction(leaf, subleaf));
      }
    }
  }
}

TEST(Cpuid, KeepsWhatEachProcessorAnswersAlike) {
  cpuid(7, 0);
  const size_t before = kept();
  cpuid(7, 0);
  cpuid(1, 0);    // has the number of the processor
  cpuid(0xB, 0);  // as well
  EXPECT_EQ(kept(), before);
  cpuid(0x8000'0003, 0);
  cpuid(0x8000'0003, 12345);  // no subleaves
  EXPECT_EQ(kept(), before + 1);
}

TEST(Cpuid, HasNothingOfLeavesThatAreNotThere) {
  expect_same(cpuid_if_there(0x7fff'ffff, 0), {});
  expect_same(cpuid_if_there(0xffff'ffff, 0), {});
}

TEST(Cpuid, TakesOverWhatOthersWereAnswered) {
  constexpr uint32_t kNowhere = 0x1234'5678;
  keep_cpuid({kNowhere, 3, {1, 2, 3, 4}});
  expect_same(cpuid(kNowhere, 3), {1, 2, 3, 4});
  keep_cpuid({1, 0, {1, 2, 3, 4}});
  EXPECT_EQ(cpuid(1, 0).edx, by_instruction(1, 0).edx);
}

}  // namespace
}  // namespace weft::x86

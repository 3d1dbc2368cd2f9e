#include "translate/source.h"

#include <gtest/gtest.h>

#include "translation.h"

namespace weft::translate::test {
namespace {

class SourceTest : public testing::Test {
 protected:
  bool fetch(size_t offset) { return source_.fetch(program_.at(offset), at_); }

  FakeProgram program_{joined({kLoad, kStore, {kReturn}})};
  cache::test::TestCache cache_;
  Source source_{cache_.cache, program_};
  Instruction at_;
};

TEST_F(SourceTest, GivesInstructionsOneAfterAnotherAndAsksOnceForTheirRun) {
  source_.begin(program_.at(0));
  ASSERT_TRUE(fetch(0));
  EXPECT_EQ(at_.next(), program_.at(3));
  EXPECT_EQ(std::memcmp(at_.bytes, kLoad.data(), kLoad.size()), 0);
  ASSERT_TRUE(fetch(3));
  ASSERT_TRUE(fetch(6));
  EXPECT_EQ(at_.insn.kind, x86::Kind::kReturn);
  EXPECT_EQ(program_.asked, 1);
}

TEST_F(SourceTest, KeepsABlocksBytesUntilTheNextOneBegins) {
  source_.begin(program_.at(0));
  source_.begin_block(program_.at(0));
  ASSERT_TRUE(fetch(0));
  const uint8_t* const kept = at_.bytes;
  program_.put(0, kStore);
  ASSERT_TRUE(fetch(3));
  EXPECT_EQ(std::memcmp(kept, kLoad.data(), kLoad.size()), 0);
  source_.begin_block(program_.at(0));
  ASSERT_TRUE(fetch(0));
  EXPECT_EQ(std::memcmp(at_.bytes, kStore.data(), kStore.size()), 0);
}

TEST_F(SourceTest, BlocksOfManyReadsStayWhole) {
  constexpr size_t kLong = 1000;
  program_.put(0, Bytes(kLong, kNop));
  program_.put(kLong, {kReturn});
  source_.begin(program_.at(0));
  ASSERT_TRUE(fetch(0));
  const uint8_t* const first = at_.bytes;
  for (size_t i = 1; i <= kLong; ++i) {
    ASSERT_TRUE(fetch(i));
    ASSERT_EQ(at_.bytes, first + i);
  }
  EXPECT_EQ(at_.insn.kind, x86::Kind::kReturn);
}

TEST(SourceWindows, EndABlockThatHasBecomeTooLong) {
  const FakeProgram program;
  SourceWindow window;
  window.start(program.at(0));
  EXPECT_FALSE(window.read(program.at(0), 100).empty());
  EXPECT_TRUE(window.read(program.at(SourceWindow::kCapacity), 100).empty());
}

TEST_F(SourceTest, TheHeadsGenerationIsOlderThanItsBytes) {
  const AppPc tag = program_.at(0);
  source_.begin(tag);
  const uint64_t before = cache_.cache.generation(tag);
  ASSERT_TRUE(fetch(0));
  cache_.cache.delete_fragment(tag);
  const uint64_t after = cache_.cache.generation(tag);
  ASSERT_NE(before, after);
  EXPECT_EQ(source_.begin_block(tag), before);
  EXPECT_EQ(source_.begin_block(tag), after);
}

TEST_F(SourceTest, AnInstructionThatItsRunCutsOffFaultsAtTheRunsEnd) {
  program_.set_ranges({{{program_.at(0), program_.at(5)}}});
  source_.begin(program_.at(0));
  ASSERT_TRUE(fetch(0));
  EXPECT_FALSE(fetch(3));
  EXPECT_EQ(source_.fault_address(), program_.at(5));
}

TEST_F(SourceTest, WhatIsNotExecutableFaultsThere) {
  program_.set_ranges({{{program_.at(0), program_.at(3)}}});
  source_.begin(program_.at(0));
  ASSERT_TRUE(fetch(0));
  EXPECT_FALSE(fetch(3));
  EXPECT_EQ(source_.fault_address(), program_.at(3));
}

TEST_F(SourceTest, AnInstructionAcrossTwoRunsIsCheckedIfOneOfThemIs) {
  program_.set_ranges(
      {{{program_.at(0), program_.at(5)}}, {{program_.at(5), program_.at(kPageSize)}, true}});
  source_.begin(program_.at(0));
  ASSERT_TRUE(fetch(0));
  EXPECT_FALSE(source_.is_checked());
  ASSERT_TRUE(fetch(3));
  EXPECT_TRUE(source_.is_checked());
}

TEST_F(SourceTest, CopiesNoMoreThanAPageHasButForTheInstructionThatStraddlesItsEnd) {
  source_.begin(program_.at(kPageSize - 20));
  ASSERT_TRUE(fetch(kPageSize - 20));
  EXPECT_EQ(source_.copy(program_.at(kPageSize - 20)).size(), 20u);
  EXPECT_EQ(source_.copy(program_.at(kPageSize - 2)).size(), x86::kLongestInstruction);
}

TEST_F(SourceTest, ASlotsGenerationIsPartOfWhatIsBuiltByIt) {
  program_.constant_slot = program_.at(64);
  program_.constant_target = program_.at(128);
  const auto constant = source_.constant_at(program_.at(64));
  ASSERT_TRUE(constant);
  EXPECT_EQ(constant->target, program_.at(128));
  EXPECT_EQ(constant->generation, cache_.cache.generation(program_.at(64)));
  EXPECT_FALSE(source_.constant_at(program_.at(72)));
}

}  // namespace
}  // namespace weft::translate::test

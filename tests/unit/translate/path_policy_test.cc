#include "translate/path_policy.h"

#include <gtest/gtest.h>

#include <array>

#include "translation.h"

namespace weft::translate::test {
namespace {

constexpr AppPc kHere{0x1000};
constexpr AppPc kNext{0x2000};
constexpr AppPc kThird{0x3000};

Instruction instruction(x86::Kind kind, AppPc pc = kHere, uint8_t length = 5) {
  Instruction at{pc, nullptr, {}};
  at.insn.kind = kind;
  at.insn.length = length;
  return at;
}

class PathPolicyTest : public testing::Test {
 protected:
  using Continue = PathPolicy::Continue;

  void lay_out_block(AppPc tag) {
    layout_.add_block({tag, tag + 1});
    layout_.add(tag, draft_.hot.position(), 0);
    draft_.constituents.push_back({tag, {tag, tag + 1}, 0});
  }
  void publish(AppPc tag) {
    cache_.cache.publish(cache::test::FakeSpec(cache_.cache, {tag}, {}).get());
  }

  cache::test::TestCache cache_;
  Environment environment_;
  Draft draft_{environment_};
  Layout layout_;
  PathPolicy policy_{cache_.cache, draft_, layout_};
};

TEST_F(PathPolicyTest, ASuperblockGoesOnWhereNothingIsYet) {
  policy_.begin_superblock(0);
  lay_out_block(kHere);
  EXPECT_TRUE(policy_.goes_on_at(kNext));
  EXPECT_FALSE(policy_.goes_on_at(kHere)) << "its own code";
  publish(kNext);
  EXPECT_FALSE(policy_.goes_on_at(kNext)) << "another fragment's";
}

TEST_F(PathPolicyTest, ASuperblockHasSoManyBlocksAtMost) {
  policy_.begin_superblock(0);
  for (uint32_t i = 0; i + 2 < environment_.max_blocks; ++i) lay_out_block(kHere + i);
  EXPECT_TRUE(policy_.goes_on_at(kNext));
  lay_out_block(kThird);
  EXPECT_FALSE(policy_.goes_on_at(kNext));
}

TEST_F(PathPolicyTest, AFullDraftEndsWhatIsBuilt) {
  policy_.begin_superblock(0);
  ASSERT_TRUE(policy_.goes_on_at(kNext));
  draft_.hot.nop(static_cast<uint8_t>(1));
  while (!draft_.nearly_full()) draft_.hot.u8(kNop);
  EXPECT_FALSE(policy_.goes_on_at(kNext));
  EXPECT_FALSE(policy_.lands_at(kNext));
}

TEST_F(PathPolicyTest, PartsAndCheckedBlocksGoOnNowhere) {
  policy_.begin_superblock(1);
  EXPECT_FALSE(policy_.goes_on_at(kNext));
  policy_.begin_superblock(0);
  policy_.set_checked();
  EXPECT_FALSE(policy_.goes_on_at(kNext));
  EXPECT_FALSE(policy_.uses_constants());
}

TEST_F(PathPolicyTest, ATraceFollowsItsPathAndNothingElse) {
  const std::array path{kHere, kNext, kThird};
  policy_.begin_trace(path);
  EXPECT_EQ(policy_.next_of_path(), kNext);
  EXPECT_FALSE(policy_.goes_on_at(kNext)) << "by itself, not by the path";
  policy_.at_block(1);
  EXPECT_EQ(policy_.next_of_path(), kThird);
  EXPECT_TRUE(policy_.list_goes_on_at(kThird));
  EXPECT_FALSE(policy_.list_goes_on_at(kNext));
  policy_.at_block(2);
  EXPECT_EQ(policy_.next_of_path(), std::nullopt);
}

TEST_F(PathPolicyTest, FurtherVersionsGoOnWhereTheFirstOneDid) {
  const std::array path{kHere, kNext};
  policy_.begin_trace(path);
  EXPECT_EQ(policy_.set_continue(Continue::kNo), Continue::kWhereItFits);
  EXPECT_EQ(policy_.next_of_path(), std::nullopt);
  policy_.set_continue(Continue::kYes);
  while (!draft_.nearly_full()) draft_.hot.u8(kNop);
  EXPECT_EQ(policy_.next_of_path(), kNext);
}

TEST_F(PathPolicyTest, OnlyPlainSuperblocksPairTheirCalls) {
  draft_.pairs_returns = true;
  policy_.begin_superblock(0);
  EXPECT_TRUE(policy_.pairs_returns());
  policy_.set_switched();
  EXPECT_FALSE(policy_.pairs_returns());
  policy_.begin_superblock(1);
  EXPECT_FALSE(policy_.pairs_returns());
  const std::array path{kHere, kNext};
  policy_.begin_trace(path);
  EXPECT_FALSE(policy_.pairs_returns());
}

TEST_F(PathPolicyTest, ASuperblockEndsAheadOfACallWhoseLandingIsElsewhere) {
  draft_.pairs_returns = true;
  policy_.begin_superblock(0);
  const Instruction call = instruction(x86::Kind::kCall);
  EXPECT_FALSE(policy_.is_laid_out_elsewhere(call, 2));
  publish(call.next());
  EXPECT_TRUE(policy_.is_laid_out_elsewhere(call, 2));
  EXPECT_FALSE(policy_.is_laid_out_elsewhere(call, 1)) << "it begins with the call";
}

TEST_F(PathPolicyTest, LoopsAreCountedInSuperblocksAndAllExitsOfTraces) {
  const Instruction branch = instruction(x86::Kind::kCondJump);
  const Instruction call = instruction(x86::Kind::kCall);
  policy_.begin_superblock(0);
  EXPECT_EQ(policy_.counted_from(branch), branch.pc);
  EXPECT_EQ(policy_.counted_from(call), AppPc{});
  const std::array path{kHere, kNext};
  policy_.begin_trace(path);
  EXPECT_GT(policy_.counted_from(call), kThird);
  policy_.begin_superblock(0);
  policy_.set_checked();
  EXPECT_EQ(policy_.counted_from(branch), AppPc{});
}

}  // namespace
}  // namespace weft::translate::test

#include "translate/decoded_block.h"

#include <gtest/gtest.h>

#include "translate/layout.h"
#include "translate/path_policy.h"
#include "translate/source.h"
#include "translation.h"

namespace weft::translate::test {
namespace {

class DecodedBlockTest : public testing::Test {
 protected:
  void decode(const BlockLimits& limits = {}) {
    policy_.begin_superblock(0);
    source_.begin(program_.at(0));
    source_.begin_block(program_.at(0));
    decode_block(source_, policy_, layout_, program_.at(0), limits, block_);
  }

  FakeProgram program_{joined({kLoad, kStore, {kReturn}, kLoad})};
  cache::test::TestCache cache_;
  Environment environment_;
  Draft draft_{environment_};
  Layout layout_;
  PathPolicy policy_{cache_.cache, draft_, layout_};
  Source source_{cache_.cache, program_};
  DecodedBlock block_;
};

TEST_F(DecodedBlockTest, EndsWithTheFirstTransferOfControl) {
  decode();
  ASSERT_EQ(block_.size(), 3u);
  EXPECT_EQ(block_.instructions.back().insn.kind, x86::Kind::kReturn);
  EXPECT_EQ(block_.range(), (AppRange{program_.at(0), program_.at(7)}));
}

TEST_F(DecodedBlockTest, EndsAtItsLimit) {
  decode({.instructions = 2});
  EXPECT_EQ(block_.size(), 2u);
}

TEST_F(DecodedBlockTest, EndsWhereAnotherInstructionOfTheFragmentIs) {
  layout_.add_block({program_.at(3), program_.at(6)});
  layout_.add(program_.at(3), 0, 0);
  decode();
  EXPECT_EQ(block_.end(), program_.at(3));
  decode({.where_it_meets = false});
  EXPECT_EQ(block_.size(), 3u);
}

TEST_F(DecodedBlockTest, EndsAheadOfWhatCannotBeFetched) {
  program_.set_ranges({{{program_.at(0), program_.at(3)}}});
  decode();
  EXPECT_EQ(block_.size(), 1u);
  program_.set_ranges({{{program_.at(100), program_.at(103)}}});
  decode();
  EXPECT_TRUE(block_.empty());
  EXPECT_EQ(block_.end(), program_.at(0));
}

TEST_F(DecodedBlockTest, EndsAheadOfCheckedCode) {
  program_.set_ranges(
      {{{program_.at(0), program_.at(3)}}, {{program_.at(3), program_.at(kPageSize)}, true}});
  decode();
  EXPECT_EQ(block_.size(), 1u);
}

TEST_F(DecodedBlockTest, EndsAheadOfAPairedCallThatAnotherFragmentHas) {
  program_.put(3, kCallNext);
  draft_.pairs_returns = true;
  decode();
  EXPECT_EQ(block_.size(), 2u);
  cache_.cache.publish(cache::test::FakeSpec(cache_.cache, {program_.at(8)}, {}).get());
  decode();
  EXPECT_EQ(block_.size(), 1u);
}

/// Decodes at an address in the middle of a page, or at `offset` of it.
DecodedBlock checked(const Bytes& bytes, uint64_t offset = 0x100) {
  DecodedBlock block;
  decode_checked_block(bytes, AppPc{0x5000 + offset}, {}, block);
  return block;
}

TEST(CheckedBlocks, EndBehindAStore) {
  const Bytes bytes = joined({kLoad, kStore, kLoad, {kReturn}});
  const DecodedBlock block = checked(bytes);
  EXPECT_EQ(block.size(), 2u);
  EXPECT_EQ(checked_size(block, bytes.size()), 6u);
}

TEST(CheckedBlocks, EndAtAPagesEndOrWithTheInstructionThatStraddlesIt) {
  const Bytes bytes = joined({kLoad, kLoad, kLoad, {kReturn}});
  EXPECT_EQ(checked(bytes, kPageSize - 6).size(), 2u);
  EXPECT_EQ(checked(bytes, kPageSize - 5).size(), 2u);
}

TEST(CheckedBlocks, EndAheadOfAnInstructionThatIsCutOff) {
  EXPECT_EQ(checked({0x48, 0x8B, 0x06, 0x48, 0x8B}).size(), 1u);
  EXPECT_TRUE(checked({0x48, 0x8B}).empty());
}

TEST(CheckedBlocks, MayLoopUnlessTheyLeadOnInTheirPage) {
  EXPECT_FALSE(may_loop(checked(joined({kLoad, kStore}))));
  EXPECT_TRUE(may_loop(checked(joined({kLoad, kStore}), kPageSize - 6)));
  EXPECT_TRUE(may_loop(checked(kJumpBack)));
  EXPECT_FALSE(may_loop(checked({0xEB, 0x10})));
  EXPECT_TRUE(may_loop(checked({kReturn})));
}

}  // namespace
}  // namespace weft::translate::test

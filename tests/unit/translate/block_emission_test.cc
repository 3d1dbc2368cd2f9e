#include "translate/block_emission.h"

#include <gtest/gtest.h>

#include "translate/source.h"
#include "translation.h"

namespace weft::translate::test {
namespace {

class BlockEmissionTest : public testing::Test {
 protected:
  DecodedBlock& decoded(const Bytes& bytes) {
    program_.put(0, bytes);
    policy_.begin_superblock(0);
    source_.begin(program_.at(0));
    source_.begin_block(program_.at(0));
    decode_block(source_, policy_, layout_, program_.at(0), {}, block_);
    return block_;
  }

  FakeProgram program_;
  cache::test::TestCache cache_;
  Environment environment_;
  Draft draft_{environment_};
  Layout layout_;
  PathPolicy policy_{cache_.cache, draft_, layout_};
  Source source_{cache_.cache, program_};
  BlockEnd end_{cache_.cache, draft_, source_, policy_};
  BlockEmission emission_{draft_, layout_, policy_, end_};
  DecodedBlock block_;
};

TEST_F(BlockEmissionTest, CopiesPlainInstructionsAndNotesTheirPlaces) {
  const Bytes jump{0xEB, 0x10};
  const auto next = emission_.emit(decoded(joined({kLoad, kStore, jump})));
  EXPECT_EQ(next, program_.at(8 + 0x10));
  ASSERT_EQ(draft_.hot.position(), 6u) << "nothing for the jump, where the superblock goes on";
  EXPECT_EQ(std::memcmp(draft_.hot.code().data(), program_.at(0).bytes(), 6), 0);
  ASSERT_NE(layout_.find(program_.at(3)), nullptr);
  EXPECT_EQ(layout_.find(program_.at(3))->hot_offset, 3u);
  EXPECT_EQ(layout_.size(), 3u);
}

TEST_F(BlockEmissionTest, LeavesByAnExitWhereTheFragmentDoesNotGoOn) {
  environment_.max_blocks = 1;
  const Bytes jump{0xEB, 0x10};
  EXPECT_EQ(emission_.emit(decoded(joined({kLoad, jump}))), std::nullopt);
  ASSERT_EQ(draft_.exits.size(), 1u);
  EXPECT_EQ(draft_.exits[0].target, program_.at(5 + 0x10));
}

TEST_F(BlockEmissionTest, LeavesBehindABlockThatNoTransferEnds) {
  program_.set_ranges({{{program_.at(0), program_.at(3)}}});
  EXPECT_EQ(emission_.emit(decoded(kLoad)), std::nullopt);
  ASSERT_EQ(draft_.exits.size(), 1u);
  EXPECT_EQ(draft_.exits[0].target, program_.at(3));
}

TEST_F(BlockEmissionTest, CutsABlockOffWhereTheDraftIsFull) {
  while (!draft_.nearly_full()) draft_.hot.u8(kNop);
  DecodedBlock& block = decoded(joined({kLoad, kStore, {kReturn}}));
  EXPECT_EQ(emission_.emit(block), std::nullopt);
  EXPECT_EQ(block.end(), program_.at(3));
  ASSERT_EQ(draft_.exits.size(), 1u);
  EXPECT_EQ(draft_.exits[0].target, program_.at(3));
}

TEST_F(BlockEmissionTest, EmitsTheSameCodeForAPlanWithoutInsertions) {
  const Bytes code = joined({kLoad, kStore, {kReturn}});
  emission_.emit(decoded(code));
  const std::span<const uint8_t> hot = draft_.hot.code();
  const Bytes plain(hot.begin(), hot.end());
  draft_.clear();
  layout_.clear();
  BlockPlan plan;
  plan.tag = program_.at(0);
  for (const Instruction& at : decoded(code).instructions) plan.instructions.emplace_back().at = at;
  EXPECT_EQ(emission_.emit(plan), std::nullopt);
  const std::span<const uint8_t> planned = draft_.hot.code();
  EXPECT_EQ(Bytes(planned.begin(), planned.end()), plain);
}

}  // namespace
}  // namespace weft::translate::test

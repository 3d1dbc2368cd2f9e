#include "translate/block_planner.h"

#include <gtest/gtest.h>

#include "translate/layout.h"
#include "translation.h"

namespace weft::translate::test {
namespace {

constexpr AppPc kTag{0x401000};

/// Inserts so many bytes of code in front of each instruction.
class Padding final : public Instrumenter {
 public:
  void instrument(PlannedBlock& block, std::unique_ptr<FragmentData>& /*data*/) override {
    sizes.push_back(block.versions.front().instructions.size());
    for (PlannedInstruction& each : block.versions.front().instructions) {
      Insertion code;
      code.kind = Insertion::Kind::kCode;
      code.code.assign(bytes, kNop);
      each.before.push_back(code);
    }
    block.by = by;
    if (!by.by.empty()) block.versions.resize(2, block.versions.front());
  }

  size_t bytes = 1;
  Switch by;
  std::vector<size_t> sizes;  ///< of the blocks that were shown
};

class BlockPlannerTest : public testing::Test {
 protected:
  BlockPlannerTest() {
    policy_.begin_superblock(0);
    block_.tag = kTag;
    for (size_t i = 0; i < code_.size(); ++i) {
      Instruction at{kTag + i, code_.data() + i, {}};
      CHECK(x86::decode(at.bytes, code_.size() - i, at.insn));
      block_.instructions.push_back(at);
    }
  }

  const Bytes code_ = Bytes(100, kNop);
  cache::test::TestCache cache_;
  Environment environment_;
  Draft draft_{environment_};
  Layout layout_;
  PathPolicy policy_{cache_.cache, draft_, layout_};
  Padding padding_;
  BlockPlanner planner_{padding_, draft_, policy_};
  DecodedBlock block_;
  PlannedBlock planned_;
};

TEST_F(BlockPlannerTest, ABlockThatFitsStaysWholeAndOwnsItsBytes) {
  planner_.plan_first(block_, planned_);
  EXPECT_EQ(block_.size(), code_.size());
  const BlockPlan& plan = planned_.versions.front();
  ASSERT_EQ(plan.instructions.size(), code_.size());
  EXPECT_EQ(plan.tag, kTag);
  for (const PlannedInstruction& each : plan.instructions) {
    EXPECT_EQ(*each.at.bytes, kNop);
    EXPECT_GE(each.at.bytes, planned_.source.data());
    EXPECT_LT(each.at.bytes, planned_.source.data() + planned_.source.size());
  }
}

TEST_F(BlockPlannerTest, AFirstBlockIsCutUntilItFits) {
  padding_.bytes = 1000;
  planner_.plan_first(block_, planned_);
  EXPECT_EQ(padding_.sizes, (std::vector<size_t>{100, 64, 32, 16}));
  EXPECT_EQ(block_.size(), 16u);
  EXPECT_EQ(planned_.versions.front().instructions.size(), 16u);
}

TEST_F(BlockPlannerTest, AFurtherBlockIsLeftOutIfItDoesNotFitWhole) {
  EXPECT_TRUE(planner_.plan_next(block_, {}, {}, planned_));
  const SizeBound pending{Draft::kHotCapacity - Draft::kReserve, 0};
  EXPECT_FALSE(planner_.plan_next(block_, {}, pending, planned_));
  padding_.bytes = 1000;
  EXPECT_FALSE(planner_.plan_next(block_, {}, {}, planned_));
  EXPECT_EQ(block_.size(), code_.size());
}

TEST_F(BlockPlannerTest, AFurtherBlockIsLeftOutIfItIsChosenOtherwise) {
  Switch by;
  by.by.push_back({Word{true, 5}, {1}});
  block_.instructions.resize(10);
  EXPECT_FALSE(planner_.plan_next(block_, by, {}, planned_));
  padding_.by = by;
  EXPECT_TRUE(planner_.plan_next(block_, by, {}, planned_));
  EXPECT_GT(planner_.further().hot, 10u) << "the second version's";
}

}  // namespace
}  // namespace weft::translate::test

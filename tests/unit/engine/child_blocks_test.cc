// What children tell their parent, by real forks: nothing is translated or run.
#include "engine/child_blocks.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>

namespace weft::engine {
namespace {

using translate::Arrival;

constexpr AppPc kA{0x401000};
constexpr AppPc kHigh{0x7fff'ffff'e000};

struct ChildBlocksTest : testing::Test {
  ChildBlocks blocks;

  void in_child(const std::function<void()>& body) {
    blocks.before_fork(getpid());
    const pid_t child = fork();
    if (child == 0) {
      body();
      _exit(0);
    }
    int status = -1;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_EQ(status, 0);
  }
  void child_notes(AppPc tag, Arrival arrival) {
    in_child([this, tag, arrival] { blocks.note(getpid(), {tag, arrival}); });
  }
};

TEST_F(ChildBlocksTest, WhatOneChildBuildsIsNotWanted) {
  child_notes(kA, Arrival::kDirect);
  EXPECT_FALSE(blocks.take(getpid()).has_value());
}

TEST_F(ChildBlocksTest, WhatTwoChildrenBuildIsWantedOnce) {
  for (int i = 0; i < 4; ++i) child_notes(kHigh, Arrival::kIndirect);
  const std::optional<ChildBlocks::Block> block = blocks.take(getpid());
  ASSERT_TRUE(block.has_value());
  EXPECT_EQ(block->tag, kHigh);
  EXPECT_EQ(block->arrival, Arrival::kIndirect);
  EXPECT_FALSE(blocks.take(getpid()).has_value());
}

TEST_F(ChildBlocksTest, AProcessWithoutAParentHereTellsNobody) {
  for (int i = 0; i < 2; ++i) blocks.note(getpid(), {kA, Arrival::kDirect});
  EXPECT_FALSE(blocks.take(getpid()).has_value());
}

TEST_F(ChildBlocksTest, AGrandchildTellsItsOwnParent) {
  in_child([this] {
    for (int i = 0; i < 2; ++i) child_notes(kA, Arrival::kCall);
    if (!blocks.take(getpid()).has_value()) _exit(1);
  });
  EXPECT_FALSE(blocks.take(getpid()).has_value());
}

TEST_F(ChildBlocksTest, TheRingGoesRoundWithoutAnEnd) {
  constexpr uint64_t kMany = 10'000;
  for (int child = 0; child < 2; ++child) {
    in_child([this] {
      for (uint64_t i = 0; i < kMany; ++i) {
        for (int twice = 0; twice < 2; ++twice)
          blocks.note(getpid(), {{kA.value + i}, Arrival::kDirect});
      }
    });
  }
  uint64_t taken = 0;
  while (const std::optional<ChildBlocks::Block> block = blocks.take(getpid())) {
    ASSERT_GE(block->tag.value, kA.value);
    ASSERT_LT(block->tag.value, kA.value + kMany);
    ++taken;
  }
  EXPECT_GT(taken, 0u);
}

}  // namespace
}  // namespace weft::engine

#include "tool/case_table.h"

#include <gtest/gtest.h>

#include <atomic>
#include <deque>
#include <thread>

namespace weft::tool {
namespace {

using Meeting = CaseTable::Meeting;

constexpr AppPc kBlock{0x401000};
constexpr AppPc kOther{0x402000};

class CaseTableTest : public ::testing::Test {
 protected:
  Versions make(std::vector<int32_t> values, uint32_t most_dynamic, uint32_t threshold = 10) {
    return table_.add({{}, {std::move(values), most_dynamic, threshold}});
  }
  BlockCases cases_of(Versions versions, AppPc tag = kBlock) {
    return table_.cases_of(versions, tag, [this] { return &words_.emplace_back(); });
  }

  CaseTable table_;
  std::deque<uint64_t> words_;
};

TEST_F(CaseTableTest, ABlockIsCompleteOnceItHasBeenAskedFor) {
  EXPECT_FALSE(table_.is_complete(kBlock));
  table_.complete(kBlock);
  table_.complete(kBlock);
  EXPECT_TRUE(table_.is_complete(kBlock));
  EXPECT_FALSE(table_.is_complete(kOther));
}

TEST_F(CaseTableTest, FixedCasesAloneNeedNoCountdown) {
  const BlockCases cases = cases_of(make({3, 1}, 0));
  EXPECT_EQ(cases.values, (std::vector<int32_t>{3, 1}));
  EXPECT_EQ(cases.countdown, nullptr);
}

TEST_F(CaseTableTest, ACaseIsAddedOnceAndBehindTheFixedOnesInOrder) {
  const Versions versions = make({9}, 3);
  ASSERT_NE(cases_of(versions).countdown, nullptr);
  EXPECT_EQ(table_.met(versions, kBlock, 7), Meeting::kNew);
  EXPECT_EQ(table_.met(versions, kBlock, 7), Meeting::kKnown);
  EXPECT_EQ(table_.met(versions, kBlock, 9), Meeting::kNone);
  EXPECT_EQ(table_.met(versions, kBlock, -4), Meeting::kNew);
  EXPECT_EQ(cases_of(versions).values, (std::vector<int32_t>{9, -4, 7}));
}

TEST_F(CaseTableTest, ABlockThatIsFullCountsNoMore) {
  const Versions versions = make({0}, 1);
  EXPECT_EQ(*cases_of(versions).countdown, 10u);
  EXPECT_EQ(table_.met(versions, kBlock, 5), Meeting::kNew);
  EXPECT_EQ(table_.met(versions, kBlock, 6), Meeting::kNone);
  EXPECT_EQ(cases_of(versions).countdown, nullptr);
}

TEST_F(CaseTableTest, TheCountdownBeginsAgain) {
  const Versions versions = make({0}, 2);
  uint64_t* const countdown = cases_of(versions).countdown;
  *countdown = ~uint64_t{0};
  table_.met(versions, kBlock, 5);
  EXPECT_EQ(*countdown, 10u);
  EXPECT_EQ(cases_of(versions).countdown, countdown);
}

TEST_F(CaseTableTest, ValuesThatNoVersionCanHaveAreRefused) {
  const Versions versions = make({0}, 2);
  cases_of(versions);
  EXPECT_EQ(table_.met(versions, kBlock, int64_t{1} << 30), Meeting::kNone);
  EXPECT_EQ(table_.met(versions, kBlock, INT64_MIN), Meeting::kNone);
  EXPECT_EQ(table_.met(versions, kBlock, (int64_t{1} << 30) - 1), Meeting::kNew);
}

TEST_F(CaseTableTest, BlocksHaveCasesOfTheirOwn) {
  const Versions versions = make({0}, 2);
  cases_of(versions);
  EXPECT_FALSE(table_.spread(versions, kOther, 5)) << "never translated";
  cases_of(versions, kOther);
  EXPECT_EQ(table_.met(versions, kBlock, 5), Meeting::kNew);
  EXPECT_EQ(cases_of(versions, kOther).values, (std::vector<int32_t>{0}));
  EXPECT_TRUE(table_.spread(versions, kOther, 5));
  EXPECT_EQ(table_.met(versions, kOther, 5), Meeting::kKnown);
}

TEST_F(CaseTableTest, TheSameOutcomesHaveTheSameName) {
  const uint32_t first = make({3, 1}, 0).number();
  const uint32_t second = make({}, 4).number();
  EXPECT_EQ(table_.name_of({{first, 3}}), table_.fixed_name(Versions(first)));
  const uint8_t both = table_.name_of({{first, 3}, {second, 8}});
  EXPECT_NE(both, 0);
  EXPECT_EQ(table_.name_of({{second, 8}, {first, 3}}), both);
  EXPECT_NE(table_.name_of({{first, 1}, {second, 8}}), both);
  EXPECT_NE(table_.name_of({{second, 8}}), both);
  for (int32_t value = 0; value < 300; ++value) table_.name_of({{second, value}});
  EXPECT_EQ(table_.name_of({{second, 1000}}), 0) << "there are no more";
  EXPECT_EQ(table_.name_of({{first, 3}, {second, 8}}), both);
}

TEST_F(CaseTableTest, OfThreadsThatMeetTheSameOneAddsIt) {
  const Versions versions = make({}, 15);
  cases_of(versions);
  std::atomic<int> added{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int value = 0; value < 15; ++value)
        added += table_.met(versions, kBlock, value) == Meeting::kNew ? 1 : 0;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(added, 15);
}

}  // namespace
}  // namespace weft::tool

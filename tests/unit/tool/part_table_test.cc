#include "tool/part_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

#include "cache/part.h"

namespace weft::tool {
namespace {

constexpr AppPc kBlock{0x401000};
const Versions kFirst{0};
const Versions kSecond{3};

class PartTableTest : public ::testing::Test {
 protected:
  std::vector<int32_t> held(uint32_t part, Versions set, const std::vector<int32_t>& of) {
    const Box box = table_.box_of(kBlock, part);
    std::vector<int32_t> all;
    for (const int32_t each : of) {
      if (box.holds(set, each)) all.push_back(each);
    }
    return all;
  }
  /// The parts have the values between them, each one of them no more than `most`.
  void expect_whole(const PartTable::Starts& starts, const std::vector<int32_t>& values,
                    size_t most) {
    std::vector<int32_t> all;
    for (const auto& start : starts) {
      const std::vector<int32_t> own = held(start.part, kFirst, values);
      EXPECT_LE(own.size(), most);
      for (const int32_t each : own) EXPECT_GE(each, start.from);
      all.insert(all.end(), own.begin(), own.end());
    }
    EXPECT_EQ(all, values);
  }

  PartTable table_;
};

std::vector<int32_t> numbers(int32_t from, int32_t to) {
  std::vector<int32_t> all;
  for (int32_t each = from; each < to; ++each) all.push_back(each);
  return all;
}

TEST_F(PartTableTest, TheBlockItselfHoldsAll) {
  EXPECT_FALSE(table_.box_of(kBlock, 0).restricts(kFirst));
  EXPECT_TRUE(table_.box_of(kBlock, 0).holds(kFirst, -7));
}

TEST_F(PartTableTest, EachValueIsInThePartOfItsRange) {
  const std::vector<int32_t> values = numbers(-100, 900);
  const auto starts = table_.divide(kBlock, 0, kFirst, values, 32, 256);
  EXPECT_GT(starts.size(), 1000u / 32);
  expect_whole(starts, values, 32);
  // Another set's values are all in each of them.
  EXPECT_FALSE(table_.box_of(kBlock, starts.front().part).restricts(kSecond));
}

TEST_F(PartTableTest, PartsStayWhileTheyAreNotFull) {
  std::vector<int32_t> values = numbers(0, 100);
  const auto before = table_.divide(kBlock, 0, kFirst, values, 32, 256);
  values.push_back(1000);
  EXPECT_EQ(table_.divide(kBlock, 0, kFirst, values, 32, 256), before);
}

TEST_F(PartTableTest, APartThatIsFullIsDividedAndTheOthersStay) {
  std::vector<int32_t> values = numbers(0, 100);
  const auto before = table_.divide(kBlock, 0, kFirst, values, 32, 256);
  const std::vector<int32_t> more = numbers(1000, 1040);
  values.insert(values.end(), more.begin(), more.end());
  const auto after = table_.divide(kBlock, 0, kFirst, values, 32, 256);
  EXPECT_GT(after.size(), before.size());
  EXPECT_TRUE(std::equal(before.begin(), before.end() - 1, after.begin()));
  expect_whole(after, values, 32);
  // Who is still on the way to the former one finds all its values there.
  const std::vector<int32_t> own = held(before.back().part, kFirst, values);
  EXPECT_GT(own.size(), 40u);
}

TEST_F(PartTableTest, APartIsDividedByAnotherSetWithinItsRange) {
  const std::vector<int32_t> values = numbers(0, 10);
  const auto outer = table_.divide(kBlock, 0, kFirst, values, 1, 256);
  ASSERT_EQ(outer.size(), 10u);
  const auto inner = table_.divide(kBlock, outer[4].part, kSecond, values, 4, 256);
  ASSERT_GT(inner.size(), 1u);
  for (const auto& each : inner) {
    EXPECT_EQ(held(each.part, kFirst, values), std::vector<int32_t>{4});
    EXPECT_LE(held(each.part, kSecond, values).size(), 4u);
  }
}

TEST_F(PartTableTest, NoMoreRangesThanAllowed) {
  const std::vector<int32_t> values = numbers(0, 1000);
  const auto starts = table_.divide(kBlock, 0, kFirst, values, 4, 8);
  EXPECT_EQ(starts.size(), 8u);
  expect_whole(starts, values, 125);
  expect_whole(table_.divide(kBlock, 0, kFirst, values, 4, 8), values, 125);
}

TEST_F(PartTableTest, ValuesThatComeInAnyOrderFillIt) {
  std::mt19937 random{1};
  std::set<int32_t> all;
  while (all.size() < 3000) {
    all.insert(static_cast<int32_t>(random() % 100000) - 50000);
    const std::vector<int32_t> values(all.begin(), all.end());
    if (values.size() % 50 != 0) continue;
    expect_whole(table_.divide(kBlock, 0, kFirst, values, 64, 256), values, 64);
  }
}

TEST_F(PartTableTest, WithoutNumbersNothingIsDivided) {
  const std::vector<int32_t> values = numbers(0, 300);
  size_t divided = 0;
  for (uint32_t set = 0; set < 200; ++set) {
    const auto starts = table_.divide(kBlock, 0, Versions(set), values, 1, values.size());
    divided += starts.empty() ? 0u : 1u;
  }
  EXPECT_EQ(divided, cache::kMostParts / values.size());
}

}  // namespace
}  // namespace weft::tool

#include "tool/choice.h"

#include <gtest/gtest.h>

#include <set>

namespace weft::tool {
namespace {

const Versions kFirst{0};
const Versions kSecond{1};

TEST(Choice, OfOneSetEachValueHasAVersionAndAllOthersTheLast) {
  Choice choice({}, false);
  const ChosenSet& set = choice.add(kFirst, {{9, -4, 7}, nullptr});
  EXPECT_EQ(choice.count(), 4u);
  EXPECT_TRUE(choice.case_of(set).is(9));
  choice.go_to(2);
  EXPECT_TRUE(choice.case_of(set).is(7));
  choice.go_to(3);
  EXPECT_TRUE(choice.case_of(set).is_default);
}

TEST(Choice, OfTwoSetsEachPairHasAVersion) {
  Choice choice({}, false);
  choice.add(kFirst, {{1, 2}, nullptr});
  choice.add(kSecond, {{5, 6, 7}, nullptr});
  ASSERT_EQ(choice.count(), 12u);
  std::set<std::pair<int64_t, int64_t>> pairs;
  for (size_t version = 0; version < 12; ++version) {
    choice.go_to(version);
    const Case one = choice.case_of(*choice.find(kFirst));
    const Case other = choice.case_of(*choice.find(kSecond));
    pairs.emplace(one.is_default ? -1 : one.value, other.is_default ? -1 : other.value);
  }
  EXPECT_EQ(pairs.size(), 12u);
  EXPECT_TRUE(choice.case_of(*choice.find(kFirst)).is_default) << "the last one is for no value";
  choice.go_to(0);
  EXPECT_TRUE(choice.case_of(*choice.find(kFirst)).is(1));
  EXPECT_TRUE(choice.case_of(*choice.find(kSecond)).is(5));
}

TEST(Choice, ASetWithoutValuesHasTheDefaultAlone) {
  Choice choice({}, false);
  choice.add(kFirst, {{1}, nullptr});
  const ChosenSet& none = choice.add(kSecond, {{}, nullptr});
  EXPECT_EQ(choice.count(), 2u);
  EXPECT_TRUE(choice.case_of(none).is_default);
  EXPECT_EQ(choice.largest(), 0u);
}

TEST(Choice, APartHasTheValuesOfItsRangeInOrder) {
  Choice choice(Box().within(kFirst, 0, 10), false);
  EXPECT_EQ(choice.add(kFirst, {{9, -4, 10, 7, 0}, nullptr}).cases.values,
            (std::vector<int32_t>{0, 7, 9}));
  EXPECT_EQ(choice.add(kSecond, {{9, -4}, nullptr}).cases.values, (std::vector<int32_t>{9, -4}));
}

TEST(Choice, WhatDoesNotFitHasOneVersionThatLooksForNoValues) {
  uint64_t word = 0;
  Choice choice({}, true);
  const ChosenSet& set = choice.add(kFirst, {{1, 2}, &word});
  EXPECT_EQ(choice.count(), 1u);
  EXPECT_TRUE(choice.case_of(set).is_default);
  EXPECT_EQ(set.cases.countdown, nullptr);
}

TEST(Choice, IsCutAtTheLargestSet) {
  Choice choice({}, false);
  choice.add(kFirst, {{1, 2}, nullptr});
  choice.add(kSecond, {{5, 6, 7, 8}, nullptr});
  choice.cut_to(9);
  EXPECT_EQ(choice.count(), 9u);
  EXPECT_EQ(choice.sets()[0].cases.values, (std::vector<int32_t>{1, 2}));
  EXPECT_EQ(choice.sets()[1].cases.values, (std::vector<int32_t>{5, 6}));
}

}  // namespace
}  // namespace weft::tool

#include "cache/code_space.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace weft::cache {
namespace {

constexpr uint64_t kReserve = 1u << 20;

TEST(CodeSpace, RefusesSizesThatLinksCannotSpan) {
  EXPECT_FALSE(CodeSpace().start(0, 4096).ok());
  EXPECT_FALSE(CodeSpace().start(0, 1ull << 32).ok());
}

TEST(CodeSpace, SaysSoWhenItsPlaceIsTaken) {
  CodeSpace first, second;
  ASSERT_TRUE(first.start(0, kReserve).ok());
  EXPECT_FALSE(second.start(first.address(0).value, kReserve).ok());
}

TEST(CodeSpace, SlotsAreAlignedApartAndInside) {
  CodeSpace space;
  ASSERT_TRUE(space.start(0, kReserve).ok());
  std::map<uint32_t, uint32_t> taken;
  std::mt19937 random(1);
  for (int i = 0; i < 500; ++i) {
    const auto temperature = i % 2 == 0 ? Temperature::kHot : Temperature::kCold;
    const auto slot = space.take(temperature, 1 + random() % 700);
    ASSERT_TRUE(slot.has_value());
    EXPECT_EQ(slot->offset % kGranule, 0u);
    EXPECT_NE(slot->offset, 0u);
    EXPECT_LE(slot->end(), kReserve);
    taken[slot->offset] = slot->end();
  }
  uint32_t end = 0;
  for (const auto& [from, to] : taken) {
    EXPECT_GE(from, end);
    end = to;
  }
}

TEST(CodeSpace, SmallSlotIsUsedAgainInPlace) {
  CodeSpace space;
  ASSERT_TRUE(space.start(0, kReserve).ok());
  const auto first = space.take(Temperature::kHot, 100);
  space.give(*first);
  EXPECT_EQ(space.take(Temperature::kHot, 100)->offset, first->offset);
}

TEST(CodeSpace, FreePagesGoBackToTheKernelAndOthersStay) {
  CodeSpace space;
  ASSERT_TRUE(space.start(0, kReserve).ok());
  std::vector<Slot> slots;
  constexpr uint32_t kSize = 64;
  const auto byte = [&space](Slot slot) {
    return reinterpret_cast<volatile uint8_t*>(space.address(slot.offset).value);
  };
  for (int i = 0; i < 1000; ++i) {
    slots.push_back(*space.take(Temperature::kHot, kSize));
    *byte(slots.back()) = 0xCC;
  }
  // All but every 200th, so that free pages and others lie side by side.
  for (size_t i = 0; i < slots.size(); ++i) {
    if (i % 200 != 0) space.give(slots[i]);
  }
  space.release_free();
  size_t gone = 0;
  for (size_t i = 0; i < slots.size(); ++i) {
    if (i % 200 == 0) {
      EXPECT_EQ(*byte(slots[i]), 0xCC);
    } else {
      gone += *byte(slots[i]) == 0 ? 1 : 0;
    }
  }
  EXPECT_GT(gone, slots.size() / 2);
  // It can be taken again, and nothing is handed out twice.
  for (int i = 0; i < 900; ++i) {
    const Slot slot = *space.take(Temperature::kHot, kSize);
    for (size_t kept = 0; kept < slots.size(); kept += 200) {
      EXPECT_NE(slot.offset, slots[kept].offset);
    }
  }
}

TEST(CodeSpace, NeighboursMergeSoThatSmallPiecesMakeALargeOne) {
  CodeSpace space;
  ASSERT_TRUE(space.start(0, 3 * CodeSpace::kChunk).ok());
  std::vector<Slot> slots;
  while (const auto slot = space.take(Temperature::kHot, 16)) slots.push_back(*slot);
  EXPECT_EQ(slots.size(), 2 * CodeSpace::kChunk / 16);
  for (const Slot slot : slots) space.give(slot);
  EXPECT_EQ(space.used(Temperature::kHot), 0u);
  EXPECT_TRUE(space.take(Temperature::kHot, CodeSpace::kChunk).has_value());
  EXPECT_TRUE(space.take(Temperature::kHot, CodeSpace::kChunk).has_value());
  EXPECT_FALSE(space.take(Temperature::kHot, 16).has_value());
}

TEST(CodeSpace, RandomUseNeverHandsAByteOutTwice) {
  CodeSpace space;
  ASSERT_TRUE(space.start(0, 4 * CodeSpace::kChunk).ok());
  std::mt19937 random(2);
  std::vector<Slot> mine;
  std::vector<bool> used(4 * CodeSpace::kChunk / kGranule);
  for (int i = 0; i < 20000; ++i) {
    if (random() % 2 == 0 || mine.empty()) {
      const auto slot = space.take(Temperature::kHot, 1 + random() % (random() % 8 ? 300 : 5000));
      if (!slot) continue;
      for (uint32_t g = slot->offset / kGranule; g < slot->end() / kGranule; ++g) {
        ASSERT_FALSE(used[g]);
        used[g] = true;
      }
      mine.push_back(*slot);
    } else {
      std::swap(mine[random() % mine.size()], mine.back());
      const Slot slot = mine.back();
      mine.pop_back();
      for (uint32_t g = slot.offset / kGranule; g < slot.end() / kGranule; ++g) used[g] = false;
      space.give(slot);
    }
  }
  for (const Slot slot : mine) space.give(slot);
  EXPECT_EQ(space.used(Temperature::kHot), 0u);
}

TEST(CodeSpace, OwnerIsKnownForEveryByteUntilTheSlotIsGivenBack) {
  CodeSpace space;
  ASSERT_TRUE(space.start(0, kReserve).ok());
  const auto slot = space.take(Temperature::kHot, 40);
  space.set_owner(*slot, 7);
  EXPECT_EQ(space.owner_at(space.address(slot->offset)), 7u);
  EXPECT_EQ(space.owner_at(space.address(slot->end() - 1)), 7u);
  EXPECT_EQ(space.owner_at(space.address(slot->end())), 0u);
  space.give(*slot);
  EXPECT_EQ(space.owner_at(space.address(slot->offset)), 0u);
}

TEST(CodeSpace, WhatLivesForEverIsLimitedAndApart) {
  CodeSpace space;
  ASSERT_TRUE(space.start(0, kReserve).ok());
  const auto first = space.take_for_ever(100);
  const auto second = space.take_for_ever(100);
  ASSERT_TRUE(first && second);
  EXPECT_GE(second->offset, first->end());
  EXPECT_FALSE(space.take_for_ever(CodeSpace::kChunk).has_value());
}

}  // namespace
}  // namespace weft::cache

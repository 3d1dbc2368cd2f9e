#include <gtest/gtest.h>
#include <sys/mman.h>

#include <thread>

#include "cache/hash_targets.h"
#include "fake_code.h"

namespace weft::cache::test {
namespace {

constexpr AppPc kA{0x1000};
constexpr CachePc kEntry{0x777000};

TEST(ShadowMap, UntouchedWordIsZeroAndTheFirstPublicationFillsItsSurroundings) {
  FakeShadow shadow;
  EXPECT_EQ(shadow.map.read(kA), 0u);
  EXPECT_TRUE(shadow.map.publish(kA, kEntry));
  EXPECT_EQ(shadow.map.read(kA), kEntry.value);
  EXPECT_EQ(shadow.map.read(kA + 1), FakeShadow::kMiss.value);
  EXPECT_EQ(shadow.map.read(kA + kPageSize), 0u) << "pages farther away stay untouched";
}

TEST(ShadowMap, FillLeavesWhatIsPublished) {
  FakeShadow shadow;
  shadow.map.publish(kA, kEntry);
  shadow.map.prepare(kA + 3);
  EXPECT_EQ(shadow.map.read(kA), kEntry.value);
}

TEST(ShadowMap, PreparedPageMissesEverywhere) {
  FakeShadow shadow;
  shadow.map.prepare(kA);
  EXPECT_EQ(shadow.map.read(kA), FakeShadow::kMiss.value);
  const uint64_t filled = shadow.map.pages_filled();
  EXPECT_GE(filled, 1u);
  shadow.map.publish(kA, kEntry);
  shadow.map.prepare(kA + 1);
  EXPECT_EQ(shadow.map.read(kA), kEntry.value);
  EXPECT_EQ(shadow.map.pages_filled(), filled);
}

TEST(ShadowMap, AFilledPageIsFoundSoOnceItsGroupIsForgotten) {
  // So many groups that later ones take the places of the first.
  constexpr uint64_t kCovered = 64u << 20;
  void* const memory = mmap(nullptr, 8 * kCovered, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  ASSERT_NE(memory, MAP_FAILED);
  ShadowMap map(reinterpret_cast<uint64_t>(memory));
  map.set_miss(FakeShadow::kMiss);
  ASSERT_TRUE(map.reserve({{0}, {kCovered}}));
  map.publish(kA, kEntry);
  for (uint64_t t = 0; t < kCovered; t += kPageSize) map.prepare({t});
  const uint64_t filled = map.pages_filled();
  map.prepare(kA);
  EXPECT_EQ(map.read(kA), kEntry.value);
  EXPECT_EQ(map.pages_filled(), filled);
  munmap(memory, 8 * kCovered);
}

TEST(ShadowMap, NothingBesideItsRangesIsTouched) {
  constexpr uint64_t kCovered = 3 * kPageSize / sizeof(uint64_t);
  auto* const memory = static_cast<uint8_t*>(
      mmap(nullptr, 8 * kPageSize, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  ASSERT_NE(memory, MAP_FAILED);
  for (const uint64_t page : {1, 4}) {
    uint8_t* const shadow = memory + page * kPageSize;
    ASSERT_EQ(mprotect(shadow, 3 * kPageSize, PROT_READ | PROT_WRITE), 0);
    ShadowMap map(reinterpret_cast<uint64_t>(shadow));
    map.set_miss(FakeShadow::kMiss);
    ASSERT_TRUE(map.reserve({{0}, {kCovered}}));
    for (const uint64_t t : {uint64_t{0}, kCovered - 1}) {
      map.prepare({t});
      EXPECT_EQ(map.read({t}), FakeShadow::kMiss.value);
    }
    ASSERT_EQ(mprotect(shadow, 3 * kPageSize, PROT_NONE), 0);
  }
  munmap(memory, 8 * kPageSize);
}

TEST(ShadowMap, RetractionInAnUntouchedPageDoesNotPassForAFilledPage) {
  FakeShadow shadow;
  const AppPc last_of_page{0x11FF};
  shadow.map.retract(last_of_page);
  shadow.map.publish(kA, kEntry);
  EXPECT_EQ(shadow.map.read(kA + 1), FakeShadow::kMiss.value);
}

TEST(ShadowMap, RetractedWordMisses) {
  FakeShadow shadow;
  shadow.map.publish(kA, kEntry);
  shadow.map.retract(kA);
  EXPECT_EQ(shadow.map.read(kA), FakeShadow::kMiss.value);
}

TEST(ShadowMap, AddressWithoutShadowIsRefused) {
  FakeShadow shadow;
  EXPECT_FALSE(shadow.map.publish({FakeShadow::kCovered}, kEntry));
  shadow.map.retract({FakeShadow::kCovered});
  EXPECT_TRUE(shadow.map.has_shadow({FakeShadow::kCovered - 1}));
  EXPECT_FALSE(shadow.map.has_shadow({FakeShadow::kCovered}));
}

TEST(ShadowMap, ThreadsThatPublishInOnePageLoseNothing) {
  FakeShadow shadow;
  std::vector<std::thread> threads;
  for (uint64_t i = 0; i < 4; ++i) {
    threads.emplace_back([&shadow, i] {
      for (uint64_t t = i; t < 8192; t += 4) shadow.map.publish({t}, {t + 1});
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (uint64_t t = 0; t < 8192; ++t) ASSERT_EQ(shadow.map.read({t}), t + 1);
}

class Hash : public ::testing::Test {
 protected:
  Hash() {
    CHECK(targets.start().ok());
    targets.set_miss(kMiss);
  }
  /// Addresses that share the slot of level 0.
  static AppPc rival(uint64_t i) { return kA + i * HashTargets::kSlots; }

  static constexpr CachePc kMiss{0x4321};
  HashTargets targets;
};

TEST_F(Hash, FindsWhatIsPublishedAndMissesWhatIsNot) {
  EXPECT_EQ(targets.look_up(kA), kMiss);
  targets.publish(kA, kEntry);
  EXPECT_EQ(targets.look_up(kA), kEntry);
  targets.retract(kA);
  EXPECT_EQ(targets.look_up(kA), kMiss);
}

TEST_F(Hash, RivalsForASlotAreFoundOnOtherLevels) {
  for (uint64_t i = 0; i < 4; ++i) targets.publish(rival(i), kEntry + i);
  for (uint64_t i = 0; i < 4; ++i) EXPECT_EQ(targets.look_up(rival(i)), kEntry + i);
}

TEST_F(Hash, RetractionLeavesNoOlderEntryOnAnyLevel) {
  targets.publish(rival(0), kEntry);
  targets.publish(rival(1), kEntry + 1);  // on level 1
  targets.retract(rival(0));
  targets.publish(rival(1), kEntry + 2);  // on level 0 now
  targets.retract(rival(1));
  for (uint32_t level = 0; level < HashTargets::kLevels; ++level) {
    const uint32_t at = level * HashTargets::kSlots + HashTargets::slot(level, rival(1));
    EXPECT_EQ(targets.tables()[at], kMiss.value) << level;
  }
}

TEST_F(Hash, AnyNumberOfRivalsIsCorrectIfNotAllPresent) {
  for (uint64_t i = 0; i < 200000; ++i) targets.publish({0x100000 + 16 * i}, kEntry + i);
  uint64_t found = 0;
  for (uint64_t i = 0; i < 200000; ++i) {
    const CachePc entry = targets.look_up({0x100000 + 16 * i});
    if (entry == kEntry + i) ++found;
  }
  EXPECT_GT(found, 100000u);
}

TEST_F(Hash, SlotIsWhatTheInstructionComputes) {
  for (uint32_t level = 1; level < HashTargets::kLevels; ++level) {
    for (const uint64_t tag : {kA.value, uint64_t{0x7fff12345678}, ~uint64_t{0}}) {
      uint64_t crc = HashTargets::kSeeds[level];
      asm("crc32q %1, %0" : "+r"(crc) : "r"(tag));
      EXPECT_EQ(HashTargets::slot(level, {tag}), crc % HashTargets::kSlots);
    }
  }
}
}  // namespace
}  // namespace weft::cache::test

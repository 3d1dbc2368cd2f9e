#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <string>
#include <thread>
#include <vector>

#include "cache/hash_targets.h"
#include "fake_code.h"

namespace weft::cache::test {
namespace {

constexpr AppPc kA{0x1000};
constexpr CachePc kEntry{0x777000};

TEST(ShadowMap, UntouchedWordIsZeroAndTheFirstPublicationFillsItsPage) {
  FakeShadow shadow;
  EXPECT_EQ(shadow.map.read(kA), 0u);
  EXPECT_TRUE(shadow.map.publish(kA, kEntry));
  EXPECT_EQ(shadow.map.read(kA), kEntry.value);
  EXPECT_EQ(shadow.map.read(kA + 1), FakeShadow::kMiss.value);
  EXPECT_EQ(shadow.map.read(kA + kPageSize), 0u) << "other pages stay untouched";
}

TEST(ShadowMap, FillLeavesWhatIsPublished) {
  FakeShadow shadow;
  shadow.map.publish(kA, kEntry);
  shadow.map.fill(kA + 3);
  EXPECT_EQ(shadow.map.read(kA), kEntry.value);
}

TEST(ShadowMap, PreparedPageMissesEverywhere) {
  FakeShadow shadow;
  shadow.map.prepare(kA);
  EXPECT_EQ(shadow.map.read(kA), FakeShadow::kMiss.value);
  EXPECT_EQ(shadow.map.pages_filled(), 1u);
  shadow.map.publish(kA, kEntry);
  shadow.map.prepare(kA + 1);
  EXPECT_EQ(shadow.map.read(kA), kEntry.value);
  EXPECT_EQ(shadow.map.pages_filled(), 1u);
}

class WholeCode : public ::testing::Test {
 protected:
  void prepare() {
    linux::RepeatedWord misses(FakeShadow::kMiss.value);
    shadow.map.prepare_all(kCode, filled, misses);
  }
  void expect_misses() const {
    for (AppPc pc = kCode.start; pc < kCode.end; pc = pc + 511) {
      if (pc == kA) continue;
      ASSERT_EQ(shadow.map.read(pc), FakeShadow::kMiss.value) << pc.value;
    }
  }

  static constexpr AppRange kCode{{0x1000}, {0x101000}};
  static constexpr size_t kPages = kCode.size() / ShadowMap::kPageWords;
  FakeShadow shadow;
  std::vector<uint8_t> filled = std::vector<uint8_t>(kPages);
};

TEST_F(WholeCode, MissesAlmostWithoutBeingWritten) {
  prepare();
  expect_misses();
  EXPECT_EQ(shadow.map.pages_filled(), 0u);
}

TEST_F(WholeCode, KeepsWhatIsPublishedAndTakesMore) {
  shadow.map.publish(kA, kEntry);
  prepare();
  expect_misses();
  EXPECT_EQ(shadow.map.read(kA), kEntry.value);
  const AppPc later{0x80123};
  EXPECT_TRUE(shadow.map.publish(later, kEntry));
  EXPECT_EQ(shadow.map.read(later), kEntry.value);
  EXPECT_EQ(shadow.map.read(later + 1), FakeShadow::kMiss.value);
  shadow.map.retract(later);
  EXPECT_EQ(shadow.map.read(later), FakeShadow::kMiss.value);
}

TEST_F(WholeCode, KeepsWhatItsWordsHaveFromAFileThatIsNotInMemory) {
  std::string name = ::testing::TempDir() + "words-XXXXXX";
  const linux::UniqueFd file(mkstemp(name.data()));
  ASSERT_TRUE(file.valid());
  unlink(name.c_str());
  std::vector<uint64_t> words(ShadowMap::kPageWords, FakeShadow::kMiss.value);
  words[5] = kEntry.value;
  ASSERT_EQ(write(file.get(), words.data(), kPageSize), static_cast<ssize_t>(kPageSize));
  ASSERT_EQ(fsync(file.get()), 0);
  ASSERT_EQ(posix_fadvise(file.get(), 0, 0, POSIX_FADV_DONTNEED), 0);
  const AppPc first = kCode.start + kPages / 2 * ShadowMap::kPageWords;
  ASSERT_TRUE(shadow.map_file(file.get(), first));
  filled[kPages / 2] = 1;
  prepare();
  EXPECT_EQ(shadow.map.read(first + 5), kEntry.value);
  EXPECT_EQ(shadow.map.read(first + 6), FakeShadow::kMiss.value);
}

TEST_F(WholeCode, IsWrittenWhereThereCanBeNoFile) {
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit none{0, before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &none), 0);
  prepare();
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  expect_misses();
  EXPECT_EQ(shadow.map.pages_filled(), kPages);
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

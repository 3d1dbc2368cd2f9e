// The small structures: tags, members, ids, intervals, regions, the discipline of tag locks.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <random>
#include <set>
#include <thread>
#include <vector>

#include "cache/exit.h"
#include "cache/interval_index.h"
#include "cache/record_pool.h"
#include "cache/region_log.h"
#include "cache/tag_table.h"

namespace weft::cache {
namespace {

TEST(TagTable, FindsWhatWasMadeAcrossGrowth) {
  RecordMemory memory;
  RecordPool records(memory);
  TagTable table(memory, records);
  EXPECT_EQ(table.find({5}), nullptr);
  std::vector<TagEntry*> made;
  for (uint64_t i = 0; i < 50000; ++i) made.push_back(&table.find_or_make({i * 7}));
  for (uint64_t i = 0; i < 50000; ++i) {
    ASSERT_EQ(table.find({i * 7}), made[i]);
    ASSERT_EQ(made[i]->tag.value, i * 7);
  }
  EXPECT_EQ(table.find({3}), nullptr);
  EXPECT_EQ(table.size(), 50000u);
}

TEST(TagTable, HoldsATagAtEveryByteOfManyCacheLines) {
  RecordMemory memory;
  RecordPool records(memory);
  TagTable table(memory, records);
  constexpr uint64_t kLines = 200;
  for (uint64_t line = 0; line < kLines; ++line) {
    for (uint64_t byte = 0; byte < kCacheLine; byte += 2) {
      table.find_or_make({line * 4096 + byte});
    }
  }
  EXPECT_EQ(table.size(), kLines * kCacheLine / 2);
  for (uint64_t line = 0; line < kLines; ++line) {
    for (uint64_t byte = 0; byte < kCacheLine; byte += 2) {
      const AppPc tag{line * 4096 + byte};
      ASSERT_NE(table.find(tag), nullptr);
      ASSERT_EQ(table.find(tag)->tag, tag);
      ASSERT_EQ(table.find(tag + 1), nullptr);
    }
  }
}

TEST(TagTable, ThreadsAgreeOnTheEntryOfATag) {
  RecordMemory memory;
  RecordPool records(memory);
  TagTable table(memory, records);
  std::vector<std::vector<TagEntry*>> seen(4);
  std::vector<std::thread> threads;
  for (auto& mine : seen) {
    threads.emplace_back([&table, &mine] {
      for (uint64_t i = 0; i < 5000; ++i) mine.push_back(&table.find_or_make({i << 4}));
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const auto& mine : seen) EXPECT_EQ(mine, seen[0]);
  EXPECT_EQ(table.size(), 5000u);
}

TEST(TagLockDeathTest, ASecondTagLockStopsTheProcess) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  RecordMemory memory;
  RecordPool records(memory);
  TagTable table(memory, records);
  TagLocks locks;
  const auto take_two = [&] {
    check_lock_order();
    TagLock first(locks, table.find_or_make({1}));
    TagLock second(locks, table.find_or_make({1000}));
  };
  EXPECT_DEATH(take_two(), "'tag' is wanted while 'tag' is held");
}

TEST(Members, HoldAnyNumberAndGiveBackEach) {
  std::vector<uint64_t> storage(100);
  const auto fragment = [&storage](size_t i) -> Fragment& {
    return *reinterpret_cast<Fragment*>(&storage[i]);
  };
  RecordMemory memory;
  RecordPool pool(memory);
  for (const size_t count : {0u, 1u, 2u, 6u, 7u, 100u}) {
    Members members;
    for (size_t i = 0; i < count; ++i) members.add(fragment(i), pool);
    EXPECT_EQ(members.size(), count);
    std::set<Fragment*> seen;
    for (size_t i = 0; i < count; ++i) seen.insert(members[i]);
    EXPECT_EQ(seen.size(), count);
    for (size_t i = 0; i < count; ++i) EXPECT_TRUE(members.remove(fragment(i), pool));
    EXPECT_EQ(members.size(), 0u);
    EXPECT_FALSE(members.remove(fragment(0), pool));
  }
}

TEST(IdTable, RunsAreDisjointAndUsedAgain) {
  RecordMemory memory;
  IdTable<uint64_t> table(memory);
  std::set<uint32_t> ids;
  for (uint32_t i = 0; i < 3000; ++i) {
    const uint32_t count = 1 + i % 9;
    const uint32_t first = table.take(count);
    ASSERT_NE(first, 0u);
    for (uint32_t k = 0; k < count; ++k) ASSERT_TRUE(ids.insert(first + k).second);
    table.at(first) = i;
  }
  const uint32_t bound = table.bound();
  for (int i = 0; i < 100000; ++i) {
    const uint32_t first = table.take(5);
    table.give(first, 5);
  }
  EXPECT_LE(table.bound(), bound + IdTable<uint64_t>::kChunk);
}

TEST(RecordMemory, PiecesAreZeroAlignedAndApart) {
  RecordMemory memory;
  std::map<uint64_t, uint64_t> pieces;
  for (size_t i = 0; i < 400; ++i) {
    const size_t size = i % 100 == 99 ? (20u << 20) + i : 1 + i * 97;
    auto* piece = static_cast<unsigned char*>(memory.take(size));
    const auto start = reinterpret_cast<uint64_t>(piece);
    EXPECT_EQ(start % kCacheLine, 0u);
    EXPECT_EQ(std::count(piece, piece + std::min<size_t>(size, 9000), 0),
              static_cast<long>(std::min<size_t>(size, 9000)));
    std::memset(piece, 0xFF, std::min<size_t>(size, 9000));
    piece[size - 1] = 1;
    ASSERT_TRUE(pieces.emplace(start, start + size).second);
  }
  uint64_t end = 0;
  for (const auto& [from, to] : pieces) {
    EXPECT_LE(end, from);
    end = to;
  }
}

TEST(RecordPool, RecordsAreApartAndUsedAgain) {
  RecordMemory memory;
  RecordPool pool(memory);
  struct Taken {
    RecordPool::Record record;
    size_t size;
    unsigned char mark;
  };
  std::vector<Taken> taken;
  std::set<void*> seen;
  std::mt19937_64 random(11);
  for (int i = 0; i < 30000; ++i) {
    if (taken.size() == 200 || (!taken.empty() && random() % 3 == 0)) {
      std::swap(taken[random() % taken.size()], taken.back());
      const Taken& old = taken.back();
      const auto* bytes = static_cast<const unsigned char*>(old.record.memory);
      ASSERT_EQ(std::count(bytes, bytes + old.size, old.mark), static_cast<long>(old.size));
      pool.give(old.record, old.size);
      taken.pop_back();
      continue;
    }
    const size_t size = 1 + random() % (random() % 16 == 0 ? 5000 : 400);
    const auto mark = static_cast<unsigned char>(random());
    taken.push_back({pool.take(size), size, mark});
    std::memset(taken.back().record.memory, mark, size);
    seen.insert(taken.back().record.memory);
  }
  for (const Taken& old : taken) pool.give(old.record, old.size);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  EXPECT_LT(seen.size(), 15000u) << "hardly anything is used twice";
#endif
}

std::vector<uint32_t> collect(const IntervalIndex& index, uint64_t start, uint64_t end) {
  IntervalIndex::Ids ids;
  index.collect({{start}, {end}}, ids);
  return {ids.begin(), ids.end()};
}

TEST(IntervalIndex, OverlapIsExactToTheByteAcrossPages) {
  RecordMemory memory;
  RecordPool records(memory);
  IntervalIndex index(records);
  index.add({{0x1ff0}, {0x3010}}, 1);
  index.add({{0x3010}, {0x3020}}, 2);
  using Ids = std::vector<uint32_t>;
  EXPECT_EQ(collect(index, 0, 0x1ff0), Ids{});
  EXPECT_EQ(collect(index, 0, 0x1ff1), Ids{1});
  EXPECT_EQ(collect(index, 0x2800, 0x2801), Ids{1});
  EXPECT_EQ(collect(index, 0x300f, 0x3011), (Ids{1, 2}));
  EXPECT_EQ(collect(index, 0x3010, 0x3011), Ids{2});
  EXPECT_EQ(collect(index, 0x3020, ~uint64_t{0}), Ids{});
  EXPECT_EQ(collect(index, 0, ~uint64_t{0}), (Ids{1, 2}));
  EXPECT_EQ(collect(index, 0x3000, 0x3000), Ids{}) << "an empty range holds nothing";
}

TEST(IntervalIndex, RemovalTakesOneIntervalOnce) {
  RecordMemory memory;
  RecordPool records(memory);
  IntervalIndex index(records);
  index.add({{0x1000}, {0x1010}}, 1);
  index.add({{0x1000}, {0x1010}}, 1);
  index.add({{0x1008}, {0x1010}}, 1);
  index.remove({{0x1000}, {0x1010}}, 1);
  EXPECT_EQ(collect(index, 0x1000, 0x1001), std::vector<uint32_t>{1});
  index.remove({{0x1000}, {0x1010}}, 1);
  EXPECT_EQ(collect(index, 0x1000, 0x1001), std::vector<uint32_t>{});
  EXPECT_EQ(collect(index, 0x100f, 0x1010), std::vector<uint32_t>{1});
  index.remove({{0x1008}, {0x1010}}, 1);
}

TEST(IntervalIndex, EndOfTheAddressSpaceIsNoSpecialCase) {
  RecordMemory memory;
  RecordPool records(memory);
  IntervalIndex index(records);
  const uint64_t top = ~uint64_t{0};
  index.add({{top - 16}, {top}}, 3);
  EXPECT_EQ(collect(index, top - 1, top), std::vector<uint32_t>{3});
  index.remove({{top - 16}, {top}}, 3);
}

TEST(IntervalIndex, AgreesWithAListWhilePagesComeAndGo) {
  struct Interval {
    AppRange bytes;
    uint32_t id;
  };
  RecordMemory memory;
  RecordPool records(memory);
  IntervalIndex index(records);
  std::vector<Interval> kept;
  std::mt19937_64 random(7);
  const auto some_range = [&random] {
    const uint64_t start = random() % (2000 * kPageSize);
    return AppRange{{start}, {start + 1 + random() % (random() % 8 == 0 ? 9000 : 40)}};
  };
  for (uint32_t id = 1; id <= 6000; ++id) {
    kept.push_back({some_range(), id});
    index.add(kept.back().bytes, id);
    // Every second time, so that they get more; later, until none are left.
    while (kept.size() > 3000 || (id % 2 == 0 && random() % 2 == 0) || id == 6000) {
      if (kept.empty()) break;
      std::swap(kept[random() % kept.size()], kept.back());
      index.remove(kept.back().bytes, kept.back().id);
      kept.pop_back();
    }
    const AppRange asked = some_range();
    std::set<uint32_t> expected;
    for (const Interval& each : kept) {
      if (each.bytes.overlaps(asked)) expected.insert(each.id);
    }
    const std::vector<uint32_t> found = collect(index, asked.start.value, asked.end.value);
    ASSERT_EQ(std::set<uint32_t>(found.begin(), found.end()), expected);
  }
  EXPECT_TRUE(collect(index, 0, ~uint64_t{0}).empty());
}

TEST(RegionLog, TellsWhatWasTouchedSinceAMoment) {
  RegionLog log;
  const uint32_t before = log.now();
  log.note({{0x100}, {0x200}});
  const uint32_t after = log.now();
  EXPECT_TRUE(log.touched_since(before, {{0x1ff}, {0x300}}));
  EXPECT_FALSE(log.touched_since(before, {{0x200}, {0x300}}));
  EXPECT_FALSE(log.touched_since(after, {{0x100}, {0x200}}));
}

TEST(RegionLog, TooManyRegionsCountAsTouched) {
  RegionLog log;
  const uint32_t before = log.now();
  for (int i = 0; i < 300; ++i) log.note({{0x100}, {0x200}});
  EXPECT_TRUE(log.touched_since(before, {{0x900}, {0x901}}));
}

}  // namespace
}  // namespace weft::cache

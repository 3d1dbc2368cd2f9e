// Records of superblocks: what is read at another place is what would have been built there.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>

#include <cstring>
#include <deque>
#include <random>
#include <set>
#include <unordered_map>
#include <vector>

#include "../cache/fake_code.h"
#include "translate/fragment_record.h"
#include "translate/superblock.h"

extern "C" const uint8_t __executable_start[];
extern "C" const uint8_t etext[];

namespace weft::translate {
namespace {

using Loaded = SuperblockBuilder::Loaded;

constexpr uint64_t kCodeLow = 0x200040000000;
constexpr uint64_t kCodeHigh = kCodeLow + (256u << 20);
constexpr uint64_t kHigh = 0x200000001000;
constexpr uint64_t kLow = 0x4000000;
constexpr uint64_t kDistance = 0x8675000;

/// This program's own text, once more at an address of our choice.
class Corpus final : public ProgramCode {
 public:
  explicit Corpus(uint64_t at) : base_{at} {
    const uint64_t start = page_down(reinterpret_cast<uint64_t>(__executable_start));
    size_ = reinterpret_cast<uint64_t>(etext) - start;
    void* const made = mmap(reinterpret_cast<void*>(at), size_, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    CHECK(made == reinterpret_cast<void*>(at));
    std::memcpy(made, reinterpret_cast<const void*>(start), size_);
  }
  Corpus(const Corpus&) = delete;
  Corpus& operator=(const Corpus&) = delete;
  ~Corpus() override { munmap(base_.bytes_to_change(), size_); }

  CodeRange executable_range(AppPc pc) override {
    return range().contains(pc) ? CodeRange{range(), checked} : CodeRange{};
  }
  AppRange range() const { return {base_.pc, base_.pc + size_}; }
  AppPc base() const { return base_.pc; }
  uint8_t& byte(AppPc pc) { return base_.bytes_to_change()[pc - base_.pc]; }

  bool checked = false;

 private:
  struct Base {
    AppPc pc;
    uint8_t* bytes_to_change() const { return reinterpret_cast<uint8_t*>(pc.value); }
  };
  const Base base_;
  uint64_t size_;
};

/// Keeps records by their distance from `base`.
class MemoryStore final : public RecordStore {
 public:
  bool find(AppPc tag, bool, std::vector<uint8_t>& record) override {
    const auto found = records.find(tag - base);
    if (found == records.end()) return false;
    record = found->second;
    return true;
  }
  void keep(AppPc tag, bool, std::span<const uint8_t> record) override {
    records[tag - base].assign(record.begin(), record.end());
  }

  AppPc base;
  std::unordered_map<uint64_t, std::vector<uint8_t>> records;
};

Environment make_environment() {
  Environment environment;
  for (uint64_t i = 0;
       CachePc Routines::*each :
       {&Routines::link_exit, &Routines::head_exit, &Routines::indirect_miss, &Routines::syscall,
        &Routines::emulate, &Routines::hash_mismatch, &Routines::stale}) {
    (environment.routines.*each).value = kCodeLow + 64 * ++i;
  }
  environment.code_low = kCodeLow;
  environment.code_high = kCodeHigh;
  environment.shadow_displacement = 0x7ff00000;
  environment.prefetch_after = 100;
  environment.keeps_source = true;
  return environment;
}

struct Translator {
  Translator(uint64_t at, const Environment& by) : environment(by), corpus(at) {}

  bool build(AppPc tag) {
    if (!builder.build(tag, false)) return false;
    return true;
  }

  const Environment environment;
  Corpus corpus;
  cache::test::TestCache cache;
  SuperblockBuilder builder{environment, cache.cache, corpus, nullptr};
};

/// Visits superblocks of the corpus, about `count`: from random places on, along their exits. Some
/// begin amid an instruction, or are no code at all.
template <typename Visit>
void walk(Translator& from, size_t count, Visit visit) {
  std::mt19937_64 random(1);
  std::deque<AppPc> wanted;
  std::set<AppPc> seen;
  while (seen.size() < count) {
    if (wanted.empty()) {
      wanted.push_back(from.corpus.base() + random() % from.corpus.range().size());
    }
    const AppPc tag = wanted.front();
    wanted.pop_front();
    if (!seen.insert(tag).second || !from.build(tag)) continue;
    for (const cache::ExitSpec& exit : from.builder.draft().exits) {
      if (from.corpus.range().contains(exit.target)) wanted.push_back(exit.target);
    }
    visit(tag);
  }
}

#define EXPECT_SAME(field) EXPECT_EQ(one.field, other.field) << "number " << i

template <typename T, typename Compare>
void compare_all(const std::vector<T>& left, const std::vector<T>& right, Compare compare) {
  ASSERT_EQ(left.size(), right.size());
  for (size_t i = 0; i < left.size(); ++i) compare(left[i], right[i], i);
}

void expect_same_code(const Draft& left, const Draft& right) {
  using testing::ElementsAreArray;
  EXPECT_THAT(std::vector<uint8_t>(left.hot.code().begin(), left.hot.code().end()),
              ElementsAreArray(right.hot.code()));
  EXPECT_THAT(std::vector<uint8_t>(left.cold.code().begin(), left.cold.code().end()),
              ElementsAreArray(right.cold.code()));
  EXPECT_THAT(std::vector<uint8_t>(left.map.bytes().begin(), left.map.bytes().end()),
              ElementsAreArray(right.map.bytes()));
  EXPECT_EQ(left.return_addresses, right.return_addresses);
}

void expect_same(const Draft& left, const Draft& right) {
  expect_same_code(left, right);
  compare_all(left.fixups, right.fixups, [](const auto& one, const auto& other, size_t i) {
    EXPECT_SAME(where);
    EXPECT_SAME(kind);
    EXPECT_SAME(trailing);
    EXPECT_SAME(offset);
    EXPECT_SAME(target);
  });
  compare_all(left.exits, right.exits, [](const auto& one, const auto& other, size_t i) {
    EXPECT_SAME(site);
    EXPECT_SAME(stub);
    EXPECT_SAME(target);
    EXPECT_SAME(counted);
  });
  compare_all(left.entries, right.entries, [](const auto& one, const auto& other, size_t i) {
    EXPECT_SAME(tag);
    EXPECT_SAME(direct);
    EXPECT_SAME(indirect);
  });
  compare_all(left.landings, right.landings, [](const auto& one, const auto& other, size_t i) {
    EXPECT_SAME(tag);
    EXPECT_SAME(indirect);
  });
  compare_all(left.constituents, right.constituents,
              [](const auto& one, const auto& other, size_t i) {
                EXPECT_SAME(tag);
                EXPECT_SAME(bytes);
                EXPECT_SAME(generation);
              });
}

struct Moved {
  size_t kept = 0;
  size_t loaded = 0;
};

/// Builds at one place, loads at another, and compares with what is built there.
Moved move_superblocks(const Environment& environment, uint64_t from, uint64_t to, size_t count) {
  Translator old(from, environment);
  Translator fresh(to, environment);
  MemoryStore store;
  Moved moved;
  walk(old, count, [&](AppPc tag) {
    store.base = old.corpus.base();
    store.records.clear();
    old.builder.keep(store);
    moved.kept += store.records.size();
    store.base = fresh.corpus.base();
    const AppPc there = fresh.corpus.base() + (tag - old.corpus.base());
    // The same number of superblocks ahead of it: of that depends whether calls prefetch.
    const bool built = fresh.build(there);
    EXPECT_TRUE(built);
    const uint32_t instructions = fresh.builder.instruction_count();
    SuperblockBuilder reader(environment, fresh.cache.cache, fresh.corpus, nullptr);
    if (reader.load(there, store) != Loaded::kYes) return;
    ++moved.loaded;
    EXPECT_EQ(reader.instruction_count(), instructions);
    expect_same(reader.draft(), fresh.builder.draft());
  });
  return moved;
}

TEST(Records, AreAtAnotherPlaceWhatIsBuiltThere) {
  const Moved moved = move_superblocks(make_environment(), kHigh, kHigh + kDistance, 4000);
  EXPECT_GT(moved.kept, 3500u);
  // All but those with an instruction that is emulated, of which what is no code has many.
  EXPECT_GT(moved.loaded, moved.kept - moved.kept / 50);
}

TEST(Records, WithPairedReturnsToo) {
  Environment environment = make_environment();
  environment.returns = ReturnMode::kPaired;
  const Moved moved = move_superblocks(environment, kHigh, kHigh + kDistance, 4000);
  EXPECT_GT(moved.kept, 3500u);
  EXPECT_EQ(moved.loaded, moved.kept);
}

TEST(Records, OfCodeOutOfReachOfTheCacheToo) {
  const Moved moved = move_superblocks(make_environment(), kLow, kLow + kDistance, 4000);
  EXPECT_GT(moved.kept, 3500u);
  // Not those that name addresses in forms that depend on them.
  EXPECT_GT(moved.loaded, moved.kept / 4);
}

TEST(Records, WithCountedExitsToo) {
  Environment environment = make_environment();
  environment.traces = true;
  const Moved moved = move_superblocks(environment, kHigh, kHigh + kDistance, 2000);
  EXPECT_GT(moved.loaded, moved.kept - moved.kept / 50);
}

/// A record of the superblock at some place of the corpus, with several exits.
struct OneRecord {
  OneRecord() {
    walk(at, 400, [&](AppPc each) {
      const Draft& draft = at.builder.draft();
      if (tag.value != 0 || draft.exits.size() < 4 || draft.constituents.size() < 3) return;
      tag = each;
      last = draft.constituents[2].bytes.end + ~uint64_t{0};
      at.builder.keep(store);
    });
  }
  std::vector<uint8_t>& bytes() { return store.records.begin()->second; }
  Loaded load() { return at.builder.load(tag, store); }

  Translator at{kHigh, make_environment()};
  MemoryStore store;
  AppPc tag;
  AppPc last;  ///< byte of a constituent in the middle
};

TEST(Records, AreRejectedIfOneByteOfTheProgramChanged) {
  OneRecord one;
  ASSERT_EQ(one.store.records.size(), 1u);
  ASSERT_EQ(one.load(), Loaded::kYes);
  uint8_t& changed = one.at.corpus.byte(one.last);
  changed ^= 1;
  EXPECT_EQ(one.load(), Loaded::kRejected);
  changed ^= 1;
  EXPECT_EQ(one.load(), Loaded::kYes);
}

TEST(Records, AreNoUseForCodeThatHasToCheckItself) {
  OneRecord one;
  one.at.corpus.checked = true;
  EXPECT_EQ(one.load(), Loaded::kRejected);
}

TEST(Records, AreOfOneModeOfReturns) {
  OneRecord one;
  Environment paired = make_environment();
  paired.returns = ReturnMode::kPaired;
  SuperblockBuilder builder(paired, one.at.cache.cache, one.at.corpus, nullptr);
  EXPECT_EQ(builder.load(one.tag, one.store), Loaded::kRejected);
}

TEST(Records, NeedTheGenerationsOfTheirLoad) {
  OneRecord one;
  one.at.cache.cache.delete_fragment(one.tag);
  ASSERT_EQ(one.load(), Loaded::kYes);
  const cache::Constituent& first = one.at.builder.draft().constituents.front();
  EXPECT_EQ(first.generation, one.at.cache.cache.generation(one.tag));
}

TEST(Records, ThatWereCutOffAreRejected) {
  OneRecord one;
  const std::vector<uint8_t> whole = one.bytes();
  for (size_t size = 0; size < whole.size(); ++size) {
    one.bytes().assign(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(size));
    ASSERT_EQ(one.load(), Loaded::kRejected) << size << " of " << whole.size() << " bytes";
  }
}

/// All offsets that publish() follows lie within the code, whatever the record says.
void expect_in_bounds(const Draft& draft) {
  const size_t hot = draft.hot.position();
  const size_t cold = draft.cold.position();
  for (const cache::Fixup& fixup : draft.fixups) {
    const bool in_cold = fixup.where == cache::Fixup::Where::kCold;
    ASSERT_LE(fixup.offset + 4, in_cold ? cold : hot);
    if (fixup.kind == cache::Fixup::Kind::kExitId) {
      ASSERT_LT(fixup.target, draft.exits.size());
    }
  }
  for (const cache::ExitSpec& exit : draft.exits) {
    ASSERT_LE(exit.site + 4, hot);
    ASSERT_LT(exit.stub, cold);
  }
  for (const cache::EntrySpec& entry : draft.entries) ASSERT_LT(entry.direct, hot);
  for (const cache::LandingSpec& landing : draft.landings) ASSERT_LT(landing.indirect, hot);
  for (const cache::Constituent& each : draft.constituents) ASSERT_FALSE(each.bytes.empty());
}

TEST(Records, ThatWereDamagedNameNothingOutsideOfThemselves) {
  OneRecord one;
  const std::vector<uint8_t> whole = one.bytes();
  std::mt19937_64 random(7);
  size_t taken = 0;
  for (int round = 0; round < 20000; ++round) {
    one.bytes() = whole;
    for (uint64_t changes = 1 + random() % 3; changes != 0; --changes) {
      one.bytes()[random() % whole.size()] = static_cast<uint8_t>(random());
    }
    if (one.load() != Loaded::kYes) continue;
    ++taken;
    expect_in_bounds(one.at.builder.draft());
  }
  EXPECT_GT(taken, 0u) << "a change of code alone is not noticed here, but by the file's checksum";
  EXPECT_LT(taken, 20000u);
}

}  // namespace
}  // namespace weft::translate

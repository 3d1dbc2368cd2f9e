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
  /// Whatever lies outside the text is constant, and leads to some place in it: amid an
  /// instruction, mostly.
  std::optional<AppPc> constant_at(AppPc slot) override {
    if (range().contains(slot)) return std::nullopt;
    return base_.pc + ((slot - base_.pc) * 0x9E3779B97F4A7C15 + constants) % size_;
  }
  AppRange range() const { return {base_.pc, base_.pc + size_}; }
  AppPc base() const { return base_.pc; }
  uint8_t& byte(AppPc pc) { return base_.bytes_to_change()[pc - base_.pc]; }

  bool checked = false;
  uint64_t constants = 0;  ///< another number: they are others

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

Environment make_environment(AppRange code = {{kCodeLow}, {kCodeHigh}}) {
  Environment environment;
  for (uint64_t i = 0;
       CachePc Routines::*each :
       {&Routines::link_exit, &Routines::head_exit, &Routines::indirect_miss, &Routines::syscall,
        &Routines::emulate, &Routines::hash_mismatch, &Routines::stale}) {
    (environment.routines.*each).value = code.start.value + 64 * ++i;
  }
  environment.code_low = code.start.value;
  environment.code_high = code.end.value;
  environment.shadow_displacement = 0x7ff00000;
  environment.prefetch_after = 100;
  environment.keeps_source = true;
  return environment;
}

struct Translator {
  Translator(uint64_t at, const Environment& by) : environment(by), corpus(at) {}

  bool build(AppPc tag) {
    if (!builder.build(tag, Arrival::kDirect)) return false;
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
  compare_all(left.constants, right.constants, [](const auto& one, const auto& other, size_t i) {
    EXPECT_SAME(slot);
    EXPECT_SAME(target);
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
  EXPECT_GT(moved.loaded, moved.kept - moved.kept / 50);
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

/// Superblocks that jump or call through a slot, at a place of their own.
struct Constants {
  /// Visits the first `count` of them.
  template <typename Visit>
  void visit(size_t count, Visit visit) {
    walk(at, 4000, [&](AppPc tag) {
      const Draft& draft = at.builder.draft();
      if (draft.constants.empty() || visited == count) return;
      ++visited;
      visit(tag, draft);
    });
  }

  Translator at{kHigh, make_environment()};
  MemoryStore store;
  size_t visited = 0;
};

TEST(Constants, AreWhereTheSuperblockGoesAndPartsOfIt) {
  Constants constants;
  constants.visit(20, [](AppPc, const Draft& draft) {
    for (size_t i = 0; i < draft.constants.size(); ++i) {
      const ConstantSlot& constant = draft.constants[i];
      const size_t index = draft.constituents.size() - draft.constants.size() + i;
      EXPECT_EQ(draft.constituents[index].tag, constant.slot);
      EXPECT_EQ(draft.constituents[index].bytes, constant.bytes());
      const auto leads_there = [&](const auto& each) {
        const AppPc there = constant.target;
        return each.tag == there;
      };
      const bool inside =
          std::any_of(draft.constituents.begin(), draft.constituents.end(), leads_there);
      const bool leaves =
          std::any_of(draft.exits.begin(), draft.exits.end(),
                      [&](const cache::ExitSpec& each) { return each.target == constant.target; });
      EXPECT_TRUE(inside || leaves) << std::hex << constant.target.value;
    }
  });
  EXPECT_EQ(constants.visited, 20u);
}

TEST(Constants, HaveTheGenerationFromBeforeTheyWereRead) {
  Constants constants;
  AppPc tag;
  AppPc slot;
  constants.visit(1, [&](AppPc at, const Draft& draft) {
    tag = at;
    slot = draft.constants.front().slot;
  });
  ASSERT_EQ(constants.visited, 1u);
  cache::CodeCache& cache = constants.at.cache.cache;
  const Environment environment = make_environment(cache.code_range());
  SuperblockBuilder builder(environment, cache, constants.at.corpus, nullptr);
  const auto publish = [&] {
    return cache.publish(builder.draft().spec(cache::FragmentKind::kBlock)).error;
  };
  ASSERT_TRUE(builder.build(tag, Arrival::kDirect));
  cache.delete_region({slot, slot + 1});
  EXPECT_EQ(publish(), cache::CodeCache::PublishError::kStale);
  ASSERT_TRUE(builder.build(tag, Arrival::kDirect));
  ASSERT_EQ(publish(), cache::CodeCache::PublishError::kNone);
  EXPECT_EQ(cache.delete_region({slot + 7, slot + 8}), 1u);
}

TEST(Constants, ThatChangedMakeARecordUseless) {
  Constants constants;
  AppPc tag;
  constants.store.base = constants.at.corpus.base();
  constants.visit(1, [&](AppPc at, const Draft&) {
    tag = at;
    constants.at.builder.keep(constants.store);
  });
  ASSERT_EQ(constants.store.records.size(), 1u);
  EXPECT_EQ(constants.at.builder.load(tag, constants.store), Loaded::kYes);
  EXPECT_FALSE(constants.at.builder.draft().constants.empty());
  constants.at.corpus.constants = 16;
  EXPECT_EQ(constants.at.builder.load(tag, constants.store), Loaded::kRejected);
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

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

#include "fake_code.h"

namespace weft::cache::test {
namespace {

constexpr AppPc kA{0x1000};
constexpr AppPc kB{0x2000};
constexpr AppPc kC{0x3000};
constexpr AppPc kD{0x4000};

TEST(Delete, TakesTheBlockTheTraceAndEveryTraceThatContainsItAndNoOther) {
  TestCache t;
  t.block(kA);
  t.block(kB);
  t.trace({kA, kC});
  t.trace({kB, kA});
  t.trace({kC, kB, kA});
  t.trace({kD, kB});
  const Deleted deleted = t.cache.delete_fragment(kA);
  EXPECT_TRUE(deleted.block);
  EXPECT_TRUE(deleted.trace);
  EXPECT_EQ(deleted.containing, 2u);
  EXPECT_EQ(t.cache.find(kA).value, 0u);
  EXPECT_NE(t.cache.find(kB).value, 0u);
  EXPECT_EQ(t.cache.find(kC).value, 0u);
  EXPECT_NE(t.cache.find(kD).value, 0u);
  EXPECT_EQ(t.cache.stats().fragments_live, 2u);
}

TEST(Delete, OfNothingSaysSo) {
  TestCache t;
  EXPECT_FALSE(t.cache.delete_fragment(kA).any());
  t.block(kA);
  EXPECT_TRUE(t.cache.delete_fragment(kA).any());
  EXPECT_FALSE(t.cache.delete_fragment(kA).any());
}

TEST(Delete, OfTheTraceOnlyLeavesBlocksAndContainingTraces) {
  TestCache t;
  Fragment* block = t.block(kA);
  Fragment* trace = t.trace({kA, kB});
  Fragment* other = t.trace({kB, kA});
  const Deleted deleted = t.cache.delete_fragment(kA, Scope::kTraceOnly);
  EXPECT_TRUE(deleted.trace);
  EXPECT_FALSE(deleted.block);
  EXPECT_FALSE(trace->is_live());
  EXPECT_TRUE(block->is_live());
  EXPECT_TRUE(other->is_live());
}

TEST(Delete, UnlinksIncomingExitsWhichWaitAndAreLinkedAgain) {
  TestCache t;
  Fragment* a = t.block(kA, {kC});
  Fragment* b = t.block(kB, {kC, kC});
  t.block(kC);
  t.cache.delete_fragment(kC);
  EXPECT_EQ(exit_goes_to(*a, 0), stub_of(*a, 0));
  EXPECT_EQ(exit_goes_to(*b, 1), stub_of(*b, 1));
  Fragment* again = t.block(kC);
  EXPECT_EQ(exit_goes_to(*a, 0), again->hot_start());
  EXPECT_EQ(exit_goes_to(*b, 0), again->hot_start());
  EXPECT_EQ(exit_goes_to(*b, 1), again->hot_start());
}

TEST(Delete, TakesTheDeadFragmentsOwnExitsOutOfTheirTargets) {
  TestCache t;
  EpochGuard guard(t.epochs);
  t.block(kB);
  Fragment* a = t.block(kA, {kB, kC});
  t.cache.delete_fragment(kA);
  EXPECT_EQ(exit_goes_to(*a, 0), stub_of(*a, 0)) << "a thread inside leaves by its next exit";
  t.block(kC);
  EXPECT_EQ(exit_goes_to(*a, 1), stub_of(*a, 1)) << "a dead fragment is linked no more";
  EXPECT_EQ(t.cache.stats().exits_waiting + t.cache.stats().exits_linked, 0u);
}

TEST(Delete, GenerationOfTheTagChanges) {
  TestCache t;
  const uint64_t first = t.cache.generation(kA);
  EXPECT_EQ(t.cache.generation(kA), first);
  t.cache.delete_fragment(kA);
  const uint64_t second = t.cache.generation(kA);
  EXPECT_NE(second, first);
  t.block(kA);
  EXPECT_EQ(t.cache.generation(kA), second);
  t.cache.delete_fragment(kA);
  EXPECT_NE(t.cache.generation(kA), second);
}

TEST(Delete, RegionIsExactToTheByte) {
  TestCache t;
  t.block(kA);
  t.block(kB);
  EXPECT_EQ(t.cache.delete_region({{0}, kA}), 0u);
  EXPECT_EQ(t.cache.delete_region({kA + kCodeBytes, kB}), 0u);
  EXPECT_EQ(t.cache.delete_region({kA + (kCodeBytes - 1), kB}), 1u);
  EXPECT_EQ(t.cache.find(kA).value, 0u);
  EXPECT_NE(t.cache.find(kB).value, 0u);
}

TEST(Delete, RegionTakesFragmentsThatTouchItWithAnyConstituent) {
  TestCache t;
  t.trace({kA, kB, kC});
  t.block(kA);
  EXPECT_EQ(t.cache.delete_region({kB + 3, kB + 4}), 1u);
  EXPECT_EQ(t.cache.delete_region({kA, kA + 1}), 1u);
}

TEST(Delete, AllTakesAll) {
  TestCache t;
  for (uint64_t i = 1; i <= 500; ++i) t.block({i << 20}, {{(i + 1) << 20}});
  EXPECT_EQ(t.cache.delete_all(), 500u);
  t.cache.reclaim_now();
  const auto stats = t.cache.stats();
  EXPECT_EQ(stats.fragments_live, 0u);
  EXPECT_EQ(stats.hot_bytes + stats.cold_bytes, 0u);
}

TEST(Delete, LooksBeforeDeletingAgreeWithIt) {
  TestCache t;
  EpochGuard guard(t.epochs);
  Fragment* block = t.block(kA);
  Fragment* trace = t.trace({kB, kA});
  std::vector<Fragment*> seen;
  const auto note = [&seen](Fragment& fragment) { seen.push_back(&fragment); };
  t.cache.containing(EpochGuard(t.epochs), kA, note);
  std::sort(seen.begin(), seen.end());
  std::vector<Fragment*> expected{block, trace};
  std::sort(expected.begin(), expected.end());
  EXPECT_EQ(seen, expected);
  seen.clear();
  t.cache.fragments_in(EpochGuard(t.epochs), {kA + 1, kA + 2}, note);
  std::sort(seen.begin(), seen.end());
  EXPECT_EQ(seen, expected);
  seen.clear();
  t.cache.fragments_in(EpochGuard(t.epochs), {kB, kB + 1}, note);
  EXPECT_EQ(seen, std::vector<Fragment*>{trace});
}

class Recorder final : public Listener {
 public:
  explicit Recorder(CodeCache& cache) : cache_(cache) {}
  void on_deleted(const Fragment& fragment) override {
    EXPECT_EQ(fragment.state(), FragmentState::kDead);
    EXPECT_EQ(cache_.find(fragment.tag()).value, 0u);
    deleted.push_back(fragment.sequence());
    if (also_delete.value != 0) cache_.delete_fragment(std::exchange(also_delete, AppPc{}));
  }
  void on_reclaimed(const Fragment& fragment) override {
    EXPECT_EQ(fragment.state(), FragmentState::kReclaimed);
    reclaimed.push_back(fragment.sequence());
  }

  std::vector<uint64_t> deleted;
  std::vector<uint64_t> reclaimed;
  AppPc also_delete;

 private:
  CodeCache& cache_;
};

TEST(Events, DeathAndReclamationAreHeardOnceEachAndMayDeleteMore) {
  TestCache t;
  Recorder recorder(t.cache);
  t.cache.set_listener(&recorder);
  const uint64_t a = t.block(kA)->sequence();
  const uint64_t b = t.block(kB)->sequence();
  recorder.also_delete = kB;
  t.cache.delete_fragment(kA);
  EXPECT_EQ(recorder.deleted, (std::vector<uint64_t>{a, b}));
  EXPECT_TRUE(recorder.reclaimed.empty());
  t.cache.reclaim_now();
  std::sort(recorder.reclaimed.begin(), recorder.reclaimed.end());
  EXPECT_EQ(recorder.reclaimed, (std::vector<uint64_t>{a, b}));
}

TEST(Reclaim, WaitsForEveryThreadThatWasInsideAndNoOther) {
  TestCache t;
  EpochSlot early, late;
  t.epochs.register_thread(early);
  t.epochs.register_thread(late);
  Fragment* a = t.block(kA);
  t.epochs.enter(early);
  t.cache.delete_fragment(kA);
  t.epochs.enter(late);
  t.cache.reclaim_now();
  EXPECT_EQ(a->state(), FragmentState::kDead);
  EXPECT_EQ(t.cache.fragment_at(a->hot_start()), a) << "a dead fragment's code is still known";
  EXPECT_EQ(t.cache.stats().fragments_dead, 1u);
  t.epochs.leave(early);
  t.cache.reclaim_now();
  EXPECT_EQ(t.cache.stats().fragments_dead, 0u);
  EXPECT_EQ(t.cache.stats().limbo_bytes, 0u);
  t.epochs.leave(late);
  t.epochs.unregister_thread(early);
  t.epochs.unregister_thread(late);
}

TEST(Reclaim, CodeMemoryIsUsedAgainInPlace) {
  TestCache t;
  const CachePc first = t.block(kA)->hot_start();
  t.cache.delete_fragment(kA);
  const CachePc second = t.block(kA)->hot_start();
  EXPECT_NE(second, first) << "not before it was reclaimed";
  t.cache.delete_fragment(kA);
  t.cache.reclaim_now();
  const CachePc third = t.block(kA)->hot_start();
  EXPECT_TRUE(third == first || third == second);
}

TEST(Reclaim, AThreadThatStaysIsNudgedWhenTooMuchWaits) {
  TestCache t(16u << 20, 64u << 10);
  EpochSlot slow;
  t.epochs.register_thread(slow);
  t.epochs.enter(slow);
  int nudges = 0;
  t.cache.set_nudger([&](EpochSlot& slot) {
    EXPECT_EQ(&slot, &slow);
    if (++nudges == 1) t.epochs.leave(slot);
  });
  for (int i = 0; i < 10000; ++i) {
    t.block(kA);
    t.cache.delete_fragment(kA);
    ASSERT_LT(t.cache.stats().limbo_bytes, 1u << 20);
  }
  EXPECT_GE(nudges, 1);
  t.epochs.unregister_thread(slow);
}

TEST(Quiescence, IsAwaitedNoLongerThanAllowed) {
  TestCache t;
  EpochSlot slot;
  t.epochs.register_thread(slot);
  EXPECT_TRUE(t.cache.await_quiescence(0));
  t.epochs.enter(slot);
  EXPECT_FALSE(t.cache.await_quiescence(1'000'000));
  t.epochs.leave(slot);
  EXPECT_TRUE(t.cache.await_quiescence(1'000'000'000));
  t.epochs.unregister_thread(slot);
}

TEST(Bounded, EndlessDeletionOfManySizesTakesNoMoreMemory) {
  TestCache t(8u << 20, 256u << 10);
  uint64_t metadata = 0;
  for (uint64_t i = 0; i < 60000; ++i) {
    const AppPc tag{0x1000 * (1 + i % 64)};
    FakeSpec spec(t.cache, {tag}, std::vector<AppPc>(1 + i % 5, kA));
    ASSERT_NE(t.cache.publish(spec.with_size(64 + 48 * (i % 37)).get()).fragment, nullptr) << i;
    t.cache.delete_fragment(tag);
    t.cache.reclaim();
    if (i == 20000) metadata = t.cache.stats().metadata_bytes;
  }
  EXPECT_LE(t.cache.stats().metadata_bytes, metadata + (256u << 10));
}

TEST(Fork, LockedCacheRunsOnAfterwards) {
  TestCache t;
  EpochSlot mine, other;
  t.epochs.register_thread(mine);
  t.epochs.register_thread(other);
  t.epochs.enter(other);
  ForkLocks locks;
  locks.add(LockRank::kGate, t.cache);
  t.epochs.add_fork_locks(locks);
  locks.lock();
  locks.unlock(true);
  t.epochs.forked(mine);
  EXPECT_EQ(t.epochs.registered(), 1u) << "the other thread is not in the child";
  t.block(kA);
  t.cache.delete_fragment(kA);
  t.cache.reclaim_now();
  EXPECT_EQ(t.cache.stats().fragments_dead, 0u);
}

}  // namespace
}  // namespace weft::cache::test

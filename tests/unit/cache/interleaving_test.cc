// One operation stopped at each of its steps in turn, and another carried out whole in the gap:
// what threads do to each other by chance, without the chance.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <thread>
#include <utility>
#include <vector>

#include "fake_code.h"

namespace weft::cache::test {
namespace {

constexpr AppPc kA{0x1000};
constexpr AppPc kB{0x2000};
constexpr AppPc kC{0x3000};
constexpr AppPc kD{0x4000};

/// A cache whose steps are counted, and one of which can be made to run something.
class Stepped {
 public:
  Stepped() : cache(options(), shadow.map, epochs) { CHECK(cache.start().ok()); }

  /// `action` runs, once, at the step with this number of what is done next.
  void interrupt_at(int step, std::function<void()> action) {
    left_ = step;
    action_ = std::move(action);
  }
  /// Whether there was such a step.
  bool interrupted() const { return action_ == nullptr; }

  void expect_consistent() {
    EpochGuard guard(epochs);
    uint64_t exits = 0;
    cache.fragments_in(guard, {{0}, {~uint64_t{0}}}, [&](Fragment& fragment) {
      for (uint32_t i = 0; i < fragment.exit_count(); ++i, ++exits) {
        const CachePc entry = cache.find(cache.exit_target(fragment.exit_id(i)));
        EXPECT_EQ(exit_goes_to(fragment, i), entry.value != 0 ? entry : stub_of(fragment, i));
      }
    });
    const auto stats = cache.stats();
    EXPECT_EQ(stats.exits_linked + stats.exits_waiting, exits);
    for (const AppPc tag : {kA, kB, kC, kD}) {
      const CachePc entry = cache.find(tag);
      if (entry.value == 0) continue;
      const Fragment* fragment = cache.fragment_at(entry);
      EXPECT_TRUE(fragment != nullptr && fragment->is_live());
    }
  }

  Epochs epochs;
  FakeShadow shadow;
  CodeCache cache;

 private:
  CacheOptions options() {
    CacheOptions made = TestCache::options(16u << 20, 1u << 20);
    made.between_steps = [this] {
      if (action_ == nullptr || left_-- != 0) return;
      const auto action = std::exchange(action_, nullptr);
      action();
    };
    return made;
  }

  int left_ = 0;
  std::function<void()> action_;
};

/// Runs `scenario` with an interruption at every step that it has.
void at_every_step(const std::function<void(Stepped&, int)>& scenario) {
  int steps = 0;
  for (;; ++steps) {
    SCOPED_TRACE(steps);
    Stepped t;
    scenario(t, steps);
    const bool last = !t.interrupted();
    t.interrupt_at(0, nullptr);
    t.expect_consistent();
    t.cache.delete_all();
    EXPECT_TRUE(t.cache.await_quiescence(1'000'000'000));
    const auto stats = t.cache.stats();
    EXPECT_EQ(stats.fragments_live + stats.fragments_dead, 0u);
    EXPECT_EQ(stats.hot_bytes + stats.cold_bytes, 0u);
    EXPECT_EQ(stats.exits_linked + stats.exits_waiting, 0u);
    if (last) break;
  }
  EXPECT_GT(steps, 2);
}

CodeCache::Published publish_large(Stepped& t) {
  // Calls, for they are linked in two places.
  FakeSpec spec(t.cache, {kA, kB, kC}, {kA, kB, kD});
  return t.cache.publish(spec.enter_everywhere().with_indirect_entry().calls().called().get());
}

TEST(Interleaving, DeletionOfAnyConstituentDuringPublicationLeavesNoFragmentOfOldBytes) {
  for (const AppPc victim : {kA, kB, kC}) {
    at_every_step([victim](Stepped& t, int step) {
      EpochGuard guard(t.epochs);
      t.interrupt_at(step, [&t, victim] { t.cache.delete_fragment(victim); });
      const auto published = publish_large(t);
      if (!t.interrupted()) return;
      EXPECT_TRUE(published.fragment == nullptr || !published.fragment->is_live());
      for (const AppPc tag : {kA, kB, kC}) EXPECT_EQ(t.cache.find(tag).value, 0u);
    });
  }
}

TEST(Interleaving, DeletionOfAnyByteDuringPublicationLeavesNoFragmentOfOldBytes) {
  for (const AppPc victim : {kA, kB, kC}) {
    at_every_step([victim](Stepped& t, int step) {
      EpochGuard guard(t.epochs);
      t.interrupt_at(step, [&t, victim] { t.cache.delete_region({victim + 7, victim + 8}); });
      publish_large(t);
      if (!t.interrupted()) return;
      for (const AppPc tag : {kA, kB, kC}) EXPECT_EQ(t.cache.find(tag).value, 0u);
    });
  }
}

TEST(Interleaving, DeletionAroundALandingLeavesNoWayToTheDead) {
  for (const AppPc victim : {kA, kB, kC}) {
    at_every_step([victim](Stepped& t, int step) {
      EpochGuard guard(t.epochs);
      FakeSpec block(t.cache, {kA}, {});
      t.cache.publish(block.with_indirect_entry().get());
      bool needs_stub = false;
      ASSERT_TRUE(t.cache.publish_indirect(kA, needs_stub));
      FakeSpec spec(t.cache, {kB, kC}, {kA});
      t.interrupt_at(step, [&t, victim] { t.cache.delete_fragment(victim); });
      t.cache.publish(spec.with_landing(kA).get());
      const CachePc word{t.shadow.map.read(kA)};
      if (word != FakeShadow::kMiss) {
        EXPECT_TRUE(t.cache.fragment_at(word)->is_live());
      }
      if (t.interrupted() && victim == kA) {
        EXPECT_EQ(word, FakeShadow::kMiss);
      }
      t.cache.delete_fragment(kB);
      const CachePc then{t.shadow.map.read(kA)};
      if (then != FakeShadow::kMiss) {
        EXPECT_TRUE(t.cache.fragment_at(then)->is_live());
      }
    });
  }
}

TEST(Interleaving, ARivalDuringPublicationLeavesOneBlockOfTheTag) {
  at_every_step([](Stepped& t, int step) {
    t.interrupt_at(step, [&t] { publish_large(t); });
    publish_large(t);
    EXPECT_EQ(t.cache.stats().fragments_live, 1u);
    EXPECT_NE(t.cache.find(kB).value, 0u);
  });
}

TEST(Interleaving, ASecondDeletionDuringTheFirstKeepsItsPromiseToo) {
  at_every_step([](Stepped& t, int step) {
    EpochGuard guard(t.epochs);
    // B is contained in two traces, and is an entry of the block A.
    FakeSpec block(t.cache, {kA, kB}, {kC});
    t.cache.publish(block.enter_everywhere().with_indirect_entry().get());
    FakeSpec first(t.cache, {kC, kB}, {kA, kB}, FragmentKind::kTrace);
    t.cache.publish(first.get());
    FakeSpec second(t.cache, {kD, kB}, {kC}, FragmentKind::kTrace);
    t.cache.publish(second.get());
    t.interrupt_at(step, [&t] {
      t.cache.delete_fragment(kB);
      for (const AppPc tag : {kA, kB, kC, kD}) EXPECT_EQ(t.cache.find(tag).value, 0u);
    });
    t.cache.delete_fragment(kB);
    for (const AppPc tag : {kA, kB, kC, kD}) EXPECT_EQ(t.cache.find(tag).value, 0u);
    EXPECT_EQ(t.cache.stats().fragments_live, 0u);
  });
}

TEST(Interleaving, PublicationDuringADeletionIsLinkedAndStaysOnlyIfItsBytesAreNew) {
  at_every_step([](Stepped& t, int step) {
    EpochGuard guard(t.epochs);
    t.cache.publish(FakeSpec(t.cache, {kD}, {kA}).get());
    publish_large(t);
    Fragment* rebuilt = nullptr;
    t.interrupt_at(step, [&] {
      // Read and published within the gap: new bytes.
      rebuilt = t.cache.publish(FakeSpec(t.cache, {kA}, {kD}).get()).fragment;
    });
    t.cache.delete_fragment(kB);
    if (rebuilt != nullptr) {
      EXPECT_TRUE(rebuilt->is_live());
      EXPECT_EQ(t.cache.find(kA), rebuilt->hot_start());
    }
  });
}

TEST(Interleaving, AnEntryIsNotAddedToAFragmentThatDiesMeanwhile) {
  for (int step = 0; step < 2; ++step) {
    Stepped t;
    EpochGuard guard(t.epochs);
    Fragment* a = t.cache.publish(FakeSpec(t.cache, {kA}, {kB}).get()).fragment;
    const AppPc inner = kA + 8;
    t.interrupt_at(step, [&t] { t.cache.delete_fragment(kA); });
    const Constituent rest{inner, {inner, kA + kCodeBytes}, t.cache.generation(inner)};
    const bool added = t.cache.add_entry(*a, rest, a->hot_start() + 8);
    EXPECT_EQ(added, !t.interrupted());
    EXPECT_EQ(t.cache.find(inner).value != 0, added);
    t.expect_consistent();
  }
}

TEST(Interleaving, AForkWaitsForTheOperationThatIsUnderWay) {
  Stepped t;
  std::atomic<bool> locked{false};
  std::thread forker;
  t.interrupt_at(3, [&] {
    forker = std::thread([&] {
      ForkLocks locks;
      locks.add(LockRank::kGate, t.cache);
      t.epochs.add_fork_locks(locks);
      locks.lock();
      locked = true;
      locks.unlock(false);
    });
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    EXPECT_FALSE(locked.load());
  });
  EXPECT_NE(publish_large(t).fragment, nullptr);
  forker.join();
  EXPECT_TRUE(locked.load());
}

TEST(Interleaving, AnIndirectEntryIsNotPublishedForAFragmentThatDiesMeanwhile) {
  Stepped t;
  EpochGuard guard(t.epochs);
  t.cache.publish(FakeSpec(t.cache, {kA}, {}).get());
  t.interrupt_at(0, [&t] { t.cache.delete_fragment(kA); });
  EXPECT_FALSE(t.cache.add_indirect_entry(kA, std::vector<uint8_t>(12), 8));
  EXPECT_TRUE(t.interrupted());
  const uint64_t word = t.shadow.map.read(kA);
  EXPECT_TRUE(word == 0 || word == FakeShadow::kMiss.value);
}

}  // namespace
}  // namespace weft::cache::test

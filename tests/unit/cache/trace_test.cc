// What the cache does for the recording of traces: exits that are counted, and probes.
#include <gtest/gtest.h>

#include "fake_code.h"

namespace weft::cache::test {
namespace {

constexpr AppPc kA{0x1000};
constexpr AppPc kB{0x2000};
constexpr AppPc kC{0x3000};

Fragment* counted_block(TestCache& t, AppPc tag, std::vector<AppPc> targets) {
  FakeSpec spec(t.cache, {tag}, std::move(targets));
  return t.cache.publish(spec.counted().get()).fragment;
}

TEST(CountedExit, StaysUnlinkedWhenItsTargetHasABlockOnly) {
  TestCache t;
  t.block(kB);
  const Fragment* before = counted_block(t, kA, {kB});
  EXPECT_EQ(exit_goes_to(*before, 0), stub_of(*before, 0));
  const Fragment* later = counted_block(t, kC, {kC});
  EXPECT_EQ(exit_goes_to(*later, 0), stub_of(*later, 0)) << "its own block is no trace either";
}

TEST(CountedExit, IsLinkedToTheTraceOfItsTargetAndUnlinkedWithIt) {
  TestCache t;
  t.block(kB);
  const Fragment* a = counted_block(t, kA, {kB});
  const Fragment* trace = t.trace({kB, kC});
  EXPECT_EQ(exit_goes_to(*a, 0), trace->hot_start());
  EXPECT_TRUE(t.cache.has_trace(kB));
  t.cache.delete_fragment(kB, Scope::kTraceOnly);
  EXPECT_EQ(exit_goes_to(*a, 0), stub_of(*a, 0));
  EXPECT_FALSE(t.cache.has_trace(kB));
}

TEST(CountedExit, IsLinkedLikeAnyOtherOnceItsCountingIsOver) {
  TestCache t;
  const Fragment* a = counted_block(t, kA, {kB});
  const Fragment* b = t.block(kB);
  t.cache.link_counted(kB);
  EXPECT_EQ(exit_goes_to(*a, 0), b->hot_start());
  t.cache.delete_fragment(kB);
  EXPECT_EQ(exit_goes_to(*a, 0), stub_of(*a, 0));
  const Fragment* again = t.block(kB);
  EXPECT_EQ(exit_goes_to(*a, 0), again->hot_start());
}

TEST(CountedExit, OrdinaryExitsToTheSameTagAreLinkedMeanwhile) {
  TestCache t;
  const Fragment* b = t.block(kB);
  counted_block(t, kA, {kB});
  const Fragment* c = t.block(kC, {kB});
  EXPECT_EQ(exit_goes_to(*c, 0), b->hot_start());
}

struct Probe {
  explicit Probe(TestCache& t) {
    FakeSpec spec(t.cache, {kA}, {kB}, FragmentKind::kProbe);
    fragment = t.cache.publish(spec.get()).fragment;
  }
  Fragment* fragment;
};

TEST(AProbe, LivesBesideTheBlockOfItsTagAndNothingLeadsToIt) {
  TestCache t;
  const EpochGuard guard(t.epochs);
  const Fragment* a = t.block(kA);
  const Fragment* leads_to_a = t.block(kC, {kA});
  const Probe probe(t);
  ASSERT_NE(probe.fragment, nullptr);
  EXPECT_TRUE(probe.fragment->is_live());
  EXPECT_EQ(t.cache.find(kA), a->hot_start());
  EXPECT_EQ(exit_goes_to(*leads_to_a, 0), a->hot_start());
}

TEST(AProbe, HasExitsThatAreNeverLinked) {
  TestCache t;
  const EpochGuard guard(t.epochs);
  t.block(kB);
  const Probe probe(t);
  EXPECT_EQ(exit_goes_to(*probe.fragment, 0), stub_of(*probe.fragment, 0));
  EXPECT_EQ(t.cache.exit_target(probe.fragment->exit_id(0)), kB);
}

TEST(AProbe, DiesWithItsTagAndWithItsBytes) {
  TestCache t;
  const EpochGuard guard(t.epochs);
  const Probe first(t);
  // It dies, and is counted by none: tools never heard of it.
  EXPECT_EQ(t.cache.delete_fragment(kA).containing, 0u);
  EXPECT_FALSE(first.fragment->is_live());
  const Probe second(t);
  EXPECT_EQ(t.cache.delete_region({kA + 1, kA + 2}), 0u);
  EXPECT_FALSE(second.fragment->is_live());
  t.cache.discard(*second.fragment);  // as its thread does, which does not know
  EXPECT_EQ(t.cache.stats().fragments_live, 0u);
}

TEST(AProbe, OfBytesThatChangedIsStale) {
  TestCache t;
  FakeSpec spec(t.cache, {kA}, {kB}, FragmentKind::kProbe);
  t.cache.delete_fragment(kA);
  EXPECT_EQ(t.cache.publish(spec.get()).error, CodeCache::PublishError::kStale);
}

TEST(AProbe, LeavesNothingBehind) {
  TestCache t;
  {
    const EpochGuard guard(t.epochs);
    const Probe probe(t);
    t.cache.discard(*probe.fragment);
  }
  t.cache.await_quiescence(1'000'000'000);
  EXPECT_EQ(t.cache.stats().fragments_live, 0u);
  EXPECT_EQ(t.cache.stats().fragments_dead, 0u);
  EXPECT_EQ(t.cache.delete_fragment(kA).containing, 0u);
}

}  // namespace
}  // namespace weft::cache::test

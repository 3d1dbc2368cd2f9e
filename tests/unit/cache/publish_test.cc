#include <gtest/gtest.h>

#include <set>

#include "cache/code_space.h"
#include "fake_code.h"

namespace weft::cache::test {
namespace {

constexpr AppPc kA{0x1000};
constexpr AppPc kB{0x2000};
constexpr AppPc kC{0x3000};
constexpr AppPc kD{0x4000};

using Error = CodeCache::PublishError;

TEST(Publish, FindsWhatWasPublishedAndNothingElse) {
  TestCache t;
  EXPECT_EQ(t.cache.find(kA).value, 0u);
  Fragment* a = t.block(kA);
  ASSERT_NE(a, nullptr);
  EXPECT_EQ(t.cache.find(kA), a->hot_start());
  EXPECT_EQ(t.cache.find(kB).value, 0u);
  EXPECT_EQ(a->tag(), kA);
  EXPECT_TRUE(a->is_live());
}

TEST(Publish, SecondBlockOfATagIsRefusedAndATraceIsNot) {
  TestCache t;
  Fragment* block = t.block(kA);
  FakeSpec again(t.cache, {kA}, {});
  EXPECT_EQ(t.cache.publish(again.get()).error, Error::kExists);
  Fragment* trace = t.trace({kA, kB});
  ASSERT_NE(trace, nullptr);
  EXPECT_NE(trace->hot_start(), block->hot_start());
  EXPECT_EQ(t.cache.find(kA), trace->hot_start());
}

TEST(Publish, LinksExitsToTargetsThatExist) {
  TestCache t;
  Fragment* b = t.block(kB);
  Fragment* a = t.block(kA, {kB});
  EXPECT_EQ(exit_goes_to(*a, 0), b->hot_start());
}

TEST(Publish, ExitWithoutTargetGoesToItsStubUntilTheTargetComes) {
  TestCache t;
  Fragment* a = t.block(kA, {kC, kB});
  EXPECT_EQ(exit_goes_to(*a, 0), stub_of(*a, 0));
  EXPECT_EQ(exit_goes_to(*a, 1), stub_of(*a, 1));
  EXPECT_EQ(t.cache.stats().exits_waiting, 2u);
  Fragment* b = t.block(kB);
  EXPECT_EQ(exit_goes_to(*a, 0), stub_of(*a, 0));
  EXPECT_EQ(exit_goes_to(*a, 1), b->hot_start());
  EXPECT_EQ(t.cache.stats().exits_waiting, 1u);
}

TEST(Publish, ExitIdInTheStubLeadsBackToTargetAndOwner) {
  TestCache t;
  Fragment* a = t.block(kA, {kB, kC});
  EXPECT_EQ(t.cache.exit_target(exit_in_stub(stub_of(*a, 0))), kB);
  EXPECT_EQ(t.cache.exit_target(exit_in_stub(stub_of(*a, 1))), kC);
  EXPECT_EQ(&t.cache.exit_owner(exit_in_stub(stub_of(*a, 1))), a);
}

TEST(Publish, ExitToItselfIsALinkLikeAnyOther) {
  TestCache t;
  Fragment* a = t.block(kA, {kA});
  EXPECT_EQ(exit_goes_to(*a, 0), a->hot_start());
  t.cache.delete_fragment(kA);
  EXPECT_EQ(exit_goes_to(*a, 0), stub_of(*a, 0));
}

TEST(Publish, ExitsThatKnowAChoiceEnterBehindIt) {
  TestCache t;
  Fragment* b = t.cache.publish(FakeSpec(t.cache, {kB}, {kC}).with_choice(1).get()).fragment;
  Fragment* a = t.cache.publish(FakeSpec(t.cache, {kA}, {kB}).with_choice(1).get()).fragment;
  EXPECT_EQ(exit_goes_to(*a, 0), b->hot_start() + kPastChoice);
  EXPECT_EQ(exit_goes_to(*b, 0), stub_of(*b, 0));
  Fragment* c = t.cache.publish(FakeSpec(t.cache, {kC}, {}).with_choice(1).get()).fragment;
  EXPECT_EQ(exit_goes_to(*b, 0), c->hot_start() + kPastChoice);
}

TEST(Publish, OtherExitsAndOtherChoicesEnterAtTheFront) {
  TestCache t;
  Fragment* b = t.cache.publish(FakeSpec(t.cache, {kB}, {}).with_choice(1).get()).fragment;
  Fragment* plain = t.block(kA, {kB});
  Fragment* other = t.cache.publish(FakeSpec(t.cache, {kC}, {kB}).with_choice(2).get()).fragment;
  EXPECT_EQ(exit_goes_to(*plain, 0), b->hot_start());
  EXPECT_EQ(exit_goes_to(*other, 0), b->hot_start());
}

TEST(Publish, ALinkPastAChoiceGoesWithItsTargetAndFollowsTheTrace) {
  TestCache t;
  Fragment* a = t.cache.publish(FakeSpec(t.cache, {kA}, {kB}).with_choice(1).get()).fragment;
  FakeSpec block(t.cache, {kB}, {});
  Fragment* b = t.cache.publish(block.with_choice(1).get()).fragment;
  FakeSpec path(t.cache, {kB, kC}, {}, FragmentKind::kTrace);
  Fragment* trace = t.cache.publish(path.with_choice(1).get()).fragment;
  EXPECT_EQ(exit_goes_to(*a, 0), trace->hot_start() + kPastChoice);
  t.cache.delete_fragment(kB, Scope::kTraceOnly);
  EXPECT_EQ(exit_goes_to(*a, 0), b->hot_start() + kPastChoice);
  t.cache.delete_fragment(kB);
  EXPECT_EQ(exit_goes_to(*a, 0), stub_of(*a, 0));
  Fragment* without = t.block(kB);
  EXPECT_EQ(exit_goes_to(*a, 0), without->hot_start());
}

Fragment* called_block(TestCache& t, AppPc tag) {
  return t.cache.publish(FakeSpec(t.cache, {tag}, {}).called().get()).fragment;
}

CachePc called_entry(const Fragment& fragment) {
  return fragment.hot_start() + (kLead - CallExit::kPopSize);
}

Fragment* calling_block(TestCache& t, AppPc tag, AppPc target) {
  return t.cache.publish(FakeSpec(t.cache, {tag}, {target}).calls().get()).fragment;
}

TEST(Publish, CallsEnterAheadOfTheirTarget) {
  TestCache t;
  Fragment* b = called_block(t, kB);
  Fragment* a = calling_block(t, kA, kB);
  Fragment* jumps = t.block(kC, {kB});
  const CachePc direct = b->hot_start() + kLead;
  EXPECT_EQ(t.cache.find(kB), direct);
  EXPECT_EQ(jump_target(site_in(*a, 0)), called_entry(*b));
  EXPECT_EQ(jump_target(site_in(*jumps, 0)), direct);
  EXPECT_TRUE(t.cache.exit_calls(a->exit_id(0)));
  EXPECT_FALSE(t.cache.exit_calls(jumps->exit_id(0)));
}

TEST(Publish, CallsGoThroughTheirStubsWhereTheTargetHasNoPlaceForThem) {
  TestCache t;
  Fragment* plain = t.block(kB);
  Fragment* a = calling_block(t, kA, kB);
  const CachePc stub = a->cold_start() + kStubOfCall;
  EXPECT_EQ(jump_target(site_in(*a, 0)), stub);
  EXPECT_EQ(jump_target(stub + CallExit::kField), plain->hot_start());
  FakeSpec two(t.cache, {kC, kD}, {});
  Fragment* c = t.cache.publish(two.enter_everywhere().called().get()).fragment;
  Fragment* inside = calling_block(t, AppPc{0x5000}, kD);
  EXPECT_EQ(jump_target(site_in(*inside, 0)), inside->cold_start() + kStubOfCall);
  EXPECT_EQ(exit_goes_to(*inside, 0), c->hot_start() + kLead);
}

TEST(Publish, NoWayOfACallIsLeftWhenItsTargetGoes) {
  TestCache t;
  Fragment* a = calling_block(t, kA, kB);
  const CachePc stub = a->cold_start() + kStubOfCall;
  const auto expect_unlinked = [&] {
    EXPECT_EQ(jump_target(site_in(*a, 0)), stub);
    EXPECT_EQ(jump_target(stub + CallExit::kField), stub + CallExit::kUnlinked);
    EXPECT_EQ(t.cache.exit_target(exit_in_stub(stub_of(*a, 0))), kB);
  };
  expect_unlinked();
  Fragment* b = called_block(t, kB);
  // Threads may still be on their way through the stub.
  EXPECT_EQ(jump_target(stub + CallExit::kField), b->hot_start() + kLead);
  t.cache.delete_fragment(kB);
  expect_unlinked();
  t.block(kB);
  t.cache.delete_fragment(kB);
  expect_unlinked();
}

TEST(Publish, CallsFollowTheTraceOfTheirTarget) {
  TestCache t;
  Fragment* b = called_block(t, kB);
  Fragment* a = calling_block(t, kA, kB);
  Fragment* trace = t.trace({kB, kC});
  EXPECT_EQ(exit_goes_to(*a, 0), trace->hot_start());
  t.cache.delete_fragment(kB, Scope::kTraceOnly);
  EXPECT_EQ(jump_target(site_in(*a, 0)), called_entry(*b));
}

TEST(Publish, TraceTakesOverTheLinksOfItsTag) {
  TestCache t;
  Fragment* a = t.block(kA, {kB});
  Fragment* b = t.block(kB);
  EXPECT_EQ(exit_goes_to(*a, 0), b->hot_start());
  Fragment* trace = t.trace({kB, kC});
  EXPECT_EQ(exit_goes_to(*a, 0), trace->hot_start());
  t.cache.delete_fragment(kB, Scope::kTraceOnly);
  EXPECT_EQ(exit_goes_to(*a, 0), b->hot_start());
}

TEST(Publish, DeletionOfAConstituentSinceItWasReadMakesTheFragmentStale) {
  TestCache t;
  FakeSpec trace(t.cache, {kA, kB}, {}, FragmentKind::kTrace);
  t.cache.delete_fragment(kB);
  EXPECT_EQ(t.cache.publish(trace.get()).error, Error::kStale);
  EXPECT_EQ(t.cache.find(kA).value, 0u);
  EXPECT_EQ(t.cache.stats().fragments_live, 0u);
}

TEST(Publish, DeletionOfTheHeadSinceItWasReadMakesTheFragmentStale) {
  TestCache t;
  FakeSpec block(t.cache, {kA}, {});
  t.cache.delete_fragment(kA);
  EXPECT_EQ(t.cache.publish(block.get()).error, Error::kStale);
}

TEST(Publish, DeletionOfBytesThatBelongedToNobodyYetMakesTheirReaderStale) {
  TestCache t;
  FakeSpec block(t.cache, {kA}, {});
  FakeSpec beside(t.cache, {kB}, {});
  t.cache.delete_region({kA + (kCodeBytes - 1), kA + kCodeBytes});
  EXPECT_EQ(t.cache.publish(block.get()).error, Error::kStale);
  EXPECT_EQ(t.cache.publish(beside.get()).error, Error::kNone);
}

TEST(Publish, AStaleFragmentLeavesNothingBehind) {
  TestCache t;
  FakeSpec trace(t.cache, {kA, kB, kC}, {kA}, FragmentKind::kTrace);
  t.cache.delete_fragment(kB);
  ASSERT_EQ(t.cache.publish(trace.get()).error, Error::kStale);
  t.cache.reclaim_now();
  int seen = 0;
  t.cache.fragments_in(EpochGuard(t.epochs), {{0}, {~uint64_t{0}}}, [&](Fragment&) { ++seen; });
  t.cache.containing(EpochGuard(t.epochs), kC, [&](Fragment&) { ++seen; });
  EXPECT_EQ(seen, 0);
  EXPECT_EQ(t.cache.stats().hot_bytes, 0u);
  EXPECT_EQ(t.cache.stats().cold_bytes, 0u);
  EXPECT_EQ(t.cache.stats().limbo_bytes, 0u);
}

TEST(Publish, AFullCacheSaysSoAndRecoversAfterEviction) {
  TestCache t(4 * CodeSpace::kChunk);
  uint64_t made = 0;
  while (t.block({made * 0x100 + 0x100}) != nullptr) ++made;
  EXPECT_GT(made, 100u);
  FakeSpec one_more(t.cache, {kA + 0x10000000}, {});
  EXPECT_EQ(t.cache.publish(one_more.get()).error, Error::kFull);
  EXPECT_GT(t.cache.evict(4096), 4095u);
  ASSERT_TRUE(t.cache.await_quiescence(1'000'000'000));
  EXPECT_EQ(t.cache.publish(one_more.get()).error, Error::kNone);
}

/// Room for one more fragment is made, at the cost of others, until there is.
void build(TestCache& t, AppPc tag, uint64_t& built) {
  while (t.cache.find(tag).value == 0) {
    FakeSpec spec(t.cache, {tag}, {});
    if (t.cache.publish(spec.get()).error == Error::kNone) ++built;
    if (t.cache.find(tag).value != 0) return;
    t.cache.evict(t.cache.code_range().size() / 8);
    ASSERT_TRUE(t.cache.await_quiescence(10'000'000'000));
  }
}

TEST(Publish, CodeThatComesBackSoonIsEvictedMoreSeldomThanCodeThatRunsOnce) {
  TestCache t(4 * CodeSpace::kChunk);
  constexpr uint64_t kHot = 50;
  constexpr uint64_t kRounds = 1500;
  constexpr uint64_t kColdInARound = 40;
  uint64_t hot = 0;
  uint64_t cold = 0;
  AppPc next{0x1000'0000};
  for (uint64_t round = 0; round < kRounds; ++round) {
    for (uint64_t i = 0; i < kHot; ++i) build(t, {0x10'0000 + i * 0x100}, hot);
    for (uint64_t i = 0; i < kColdInARound; ++i, next = next + 0x100) build(t, next, cold);
  }
  EXPECT_EQ(cold, kRounds * kColdInARound);
  // The whole cache was made anew so often; without chances hot code would be, too.
  const uint64_t turns = t.cache.stats().fragments_reclaimed / (t.cache.stats().fragments_live + 1);
  EXPECT_GT(turns, 10u);
  EXPECT_LT(hot, kHot * turns / 2);
}

TEST(Publish, ACacheFullOfCodeThatCameBackCanStillBeEvicted) {
  TestCache t(4 * CodeSpace::kChunk);
  uint64_t built = 0;
  // All of it is evicted and wanted again, time after time.
  for (int round = 0; round < 6; ++round) {
    for (uint64_t i = 0; i < 200; ++i) build(t, {0x10'0000 + i * 0x100}, built);
    while (t.cache.stats().fragments_live != 0) EXPECT_GT(t.cache.evict(~uint64_t{0}), 0u);
    ASSERT_TRUE(t.cache.await_quiescence(10'000'000'000));
  }
  EXPECT_EQ(built, 6 * 200u);
}

TEST(Publish, KeepsStateMapToolDataAndConstituents) {
  TestCache t;
  int data = 0;
  FakeSpec spec(t.cache, {kA, kB}, {});
  const Fragment* f = t.cache.publish(spec.with_data(&data).with_map({1, 2, 3}).get()).fragment;
  ASSERT_NE(f, nullptr);
  EXPECT_EQ(f->tool_data(), &data);
  EXPECT_EQ(std::vector<uint8_t>(f->state_map().begin(), f->state_map().end()),
            (std::vector<uint8_t>{1, 2, 3}));
  ASSERT_TRUE(f->constituent_at(kB + 5).has_value());
  EXPECT_EQ(f->constituent_at(kB + 5)->start, kB);
  EXPECT_FALSE(f->constituent_at(kB + kCodeBytes).has_value());
}

TEST(Publish, FragmentAtKnowsHotAndColdCodeAndNothingBeside) {
  TestCache t;
  Fragment* a = t.block(kA, {kB});
  EXPECT_EQ(t.cache.fragment_at(a->hot_start()), a);
  EXPECT_EQ(t.cache.fragment_at(a->hot_start() + (a->hot_size() - 1)), a);
  EXPECT_EQ(t.cache.fragment_at(a->hot_start() + a->hot_size()), nullptr);
  EXPECT_EQ(t.cache.fragment_at(a->cold_start()), a);
  EXPECT_EQ(t.cache.fragment_at({1}), nullptr);
  EXPECT_TRUE(t.cache.contains(a->hot_start()));
  EXPECT_FALSE(t.cache.contains({1}));
}

TEST(Publish, FixupsPointWhereTheySay) {
  TestCache t;
  std::vector<uint8_t> hot(32), cold(16);
  auto routine = t.cache.add_routine(hot, {});
  ASSERT_TRUE(routine.ok());
  const Fixup fixups[] = {
      {Fixup::Where::kHot, Fixup::Kind::kRelative, 1, 0, routine->value},
      {Fixup::Where::kHot, Fixup::Kind::kColdRelative, 0, 4, 8},
      {Fixup::Where::kCold, Fixup::Kind::kHotRelative, 0, 0, 16},
  };
  const EntrySpec entries[] = {{kA, 16}};
  FragmentSpec spec;
  spec.hot = hot;
  spec.cold = cold;
  spec.fixups = fixups;
  spec.entries = entries;
  const auto published = t.cache.publish(spec);
  ASSERT_EQ(published.error, Error::kNone);
  const Fragment& f = *published.fragment;
  EXPECT_EQ(jump_target(f.hot_start()) + 1, *routine);
  EXPECT_EQ(jump_target(f.hot_start() + 4), f.cold_start() + 8);
  EXPECT_EQ(jump_target(f.cold_start()), f.hot_start() + 16);
  EXPECT_EQ(t.cache.find(kA), f.hot_start() + 16);
}

TEST(Publish, EntriesBeyondTheHeadLeadInsideUnlessTheTagHasABlock) {
  TestCache t;
  Fragment* b = t.block(kB);
  FakeSpec spec(t.cache, {kA, kB, kC}, {});
  Fragment* a = t.cache.publish(spec.enter_everywhere().get()).fragment;
  ASSERT_NE(a, nullptr);
  EXPECT_EQ(t.cache.find(kB), b->hot_start());
  EXPECT_EQ(t.cache.find(kC), a->hot_start());
}

TEST(AddEntry, MakesATagLeadIntoTheFragmentAndLinksWhatWaits) {
  TestCache t;
  Fragment* a = t.block(kA);
  Fragment* b = t.block(kB, {kA + 8});
  const AppPc inner = kA + 8;
  const Constituent rest{inner, {inner, kA + kCodeBytes}, t.cache.generation(inner)};
  EXPECT_TRUE(t.cache.add_entry(*a, rest, a->hot_start() + 8));
  EXPECT_EQ(t.cache.find(inner), a->hot_start() + 8);
  EXPECT_EQ(exit_goes_to(*b, 0), a->hot_start() + 8);
  EXPECT_FALSE(t.cache.add_entry(*a, rest, a->hot_start() + 8)) << "the tag has an entry already";
  const Deleted deleted = t.cache.delete_fragment(inner);
  EXPECT_TRUE(deleted.block);
  EXPECT_EQ(t.cache.find(kA).value, 0u) << "deleting any of its blocks deletes the fragment";
  EXPECT_EQ(exit_goes_to(*b, 0), stub_of(*b, 0));
}

TEST(AddEntry, RefusesADeadFragmentAndBytesThatAreNotItsOwn) {
  TestCache t;
  Fragment* a = t.block(kA);
  EpochGuard guard(t.epochs);
  EXPECT_FALSE(t.cache.add_entry(*a, {kB, {kB, kB + 4}, t.cache.generation(kB)}, a->hot_start()));
  t.cache.delete_fragment(kA);
  const AppPc inner = kA + 8;
  EXPECT_FALSE(t.cache.add_entry(*a, {inner, {inner, inner + 4}, t.cache.generation(inner)},
                                 a->hot_start()));
  EXPECT_EQ(t.cache.find(inner).value, 0u);
}

TEST(AddEntry, ManyEntriesAllDieWithTheFragment) {
  TestCache t;
  Fragment* a = t.block(kA);
  for (uint64_t i = 1; i < kCodeBytes; ++i) {
    const AppPc inner = kA + i;
    ASSERT_TRUE(t.cache.add_entry(*a, {inner, {inner, inner + 1}, t.cache.generation(inner)},
                                  a->hot_start()));
  }
  t.cache.delete_fragment(kA + 17);
  for (uint64_t i = 0; i < kCodeBytes; ++i) EXPECT_EQ(t.cache.find(kA + i).value, 0u);
}

TEST(Indirect, EntryIsPublishedOnceItExists) {
  TestCache t;
  bool needs_stub = false;
  EXPECT_FALSE(t.cache.publish_indirect(kA, needs_stub));
  EXPECT_FALSE(needs_stub);
  Fragment* a = t.block(kA);
  EXPECT_FALSE(t.cache.publish_indirect(kA, needs_stub));
  EXPECT_TRUE(needs_stub);
  const std::vector<uint8_t> code(12);
  EXPECT_TRUE(t.cache.add_indirect_entry(kA, code, 8));
  const CachePc entry{t.shadow.map.read(kA)};
  EXPECT_EQ(t.cache.fragment_at(entry), a);
  EXPECT_EQ(jump_target(entry + 8), a->hot_start());
  EXPECT_TRUE(t.cache.publish_indirect(kA, needs_stub));
}

TEST(Indirect, EntryMadeLaterHasAWayPastTheChoice) {
  TestCache t;
  Fragment* a = t.cache.publish(FakeSpec(t.cache, {kA}, {}).with_choice(1).get()).fragment;
  Fragment* plain = t.block(kB);
  const std::vector<uint8_t> code(32);
  const PastChoiceJump past{8, 12, 1};
  for (const Fragment* fragment : {a, plain}) {
    const AppPc tag = fragment->constituent_tag(0);
    EXPECT_TRUE(t.cache.add_indirect_entry(tag, code, 20, {}, past));
    const CachePc entry{t.shadow.map.read(tag)};
    EXPECT_EQ(jump_target(entry + (12 - 8)),
              fragment == a ? a->hot_start() + kPastChoice : plain->hot_start());
    EXPECT_EQ(jump_target(entry + (20 - 8)), fragment->hot_start());
  }
}

TEST(Indirect, BranchesMissAgainAfterDeletion) {
  TestCache t;
  FakeSpec spec(t.cache, {kA}, {});
  t.cache.publish(spec.with_indirect_entry().get());
  bool needs_stub = false;
  ASSERT_TRUE(t.cache.publish_indirect(kA, needs_stub));
  EXPECT_NE(t.shadow.map.read(kA), FakeShadow::kMiss.value);
  t.cache.delete_fragment(kA);
  EXPECT_EQ(t.shadow.map.read(kA), FakeShadow::kMiss.value);
  EXPECT_FALSE(t.cache.publish_indirect(kA, needs_stub));
  EXPECT_EQ(t.shadow.map.read(kA), FakeShadow::kMiss.value);
}

TEST(Indirect, FollowsTheTraceAndFallsBackToTheBlock) {
  TestCache t;
  FakeSpec block_spec(t.cache, {kA}, {});
  Fragment* block = t.cache.publish(block_spec.with_indirect_entry().get()).fragment;
  bool needs_stub = false;
  ASSERT_TRUE(t.cache.publish_indirect(kA, needs_stub));
  FakeSpec trace_spec(t.cache, {kA, kB}, {}, FragmentKind::kTrace);
  Fragment* trace = t.cache.publish(trace_spec.with_indirect_entry().get()).fragment;
  EXPECT_EQ(t.shadow.map.read(kA), trace->hot_start().value);
  t.cache.delete_fragment(kB);
  EXPECT_EQ(t.shadow.map.read(kA), block->hot_start().value);
}

/// A block of kA that indirect branches go to, with its word published.
Fragment* published_block(TestCache& t) {
  FakeSpec spec(t.cache, {kA}, {});
  Fragment* block = t.cache.publish(spec.with_indirect_entry().get()).fragment;
  bool needs_stub = false;
  EXPECT_TRUE(t.cache.publish_indirect(kA, needs_stub));
  return block;
}

Fragment* landing_of_a(TestCache& t, AppPc tag) {
  return t.cache.publish(FakeSpec(t.cache, {tag}, {kA}).with_landing(kA).get()).fragment;
}

TEST(Landing, BranchesGoThroughTheLatestOne) {
  TestCache t;
  Fragment* a = published_block(t);
  Fragment* b = landing_of_a(t, kB);
  EXPECT_EQ(t.shadow.map.read(kA), b->hot_start().value + kLanding);
  Fragment* c = landing_of_a(t, kC);
  EXPECT_EQ(t.shadow.map.read(kA), c->hot_start().value + kLanding);
  EXPECT_EQ(t.cache.find(kA), a->hot_start());
  EXPECT_EQ(exit_goes_to(*c, 0), a->hot_start());
}

TEST(Landing, DeathOfItsFragmentLeavesTheBlockAndItsGeneration) {
  TestCache t;
  Fragment* a = published_block(t);
  landing_of_a(t, kB);
  FakeSpec path(t.cache, {kA, kC}, {}, FragmentKind::kTrace);
  t.cache.delete_fragment(kB);
  EXPECT_EQ(t.shadow.map.read(kA), FakeShadow::kMiss.value);
  EXPECT_TRUE(a->is_live());
  EXPECT_EQ(t.cache.find(kA), a->hot_start());
  // Code of the block that was read before is as good as it was: it may become a trace, say.
  EXPECT_NE(t.cache.publish(path.get()).fragment, nullptr);
  bool needs_stub = false;
  EXPECT_FALSE(t.cache.publish_indirect(kA, needs_stub));
  EXPECT_TRUE(needs_stub);
}

TEST(Landing, AnOlderOneDiesWithoutAnyoneNoticing) {
  TestCache t;
  published_block(t);
  landing_of_a(t, kB);
  Fragment* c = landing_of_a(t, kC);
  t.cache.delete_fragment(kB);
  EXPECT_EQ(t.shadow.map.read(kA), c->hot_start().value + kLanding);
}

TEST(Landing, IsLeftWhenItsBlockDies) {
  TestCache t;
  published_block(t);
  Fragment* b = landing_of_a(t, kB);
  t.cache.delete_fragment(kA);
  EXPECT_EQ(t.shadow.map.read(kA), FakeShadow::kMiss.value);
  EXPECT_TRUE(b->is_live());
  EXPECT_EQ(exit_goes_to(*b, 0), stub_of(*b, 0));
  Fragment* again = published_block(t);
  EXPECT_EQ(t.shadow.map.read(kA), again->hot_start().value);
}

TEST(Landing, OfABlockThatIsNotThereIsNotUsed) {
  TestCache t;
  landing_of_a(t, kB);
  bool needs_stub = false;
  EXPECT_FALSE(t.cache.publish_indirect(kA, needs_stub));
  Fragment* a = published_block(t);
  EXPECT_EQ(t.shadow.map.read(kA), a->hot_start().value);
  t.cache.delete_fragment(kB);
  EXPECT_EQ(t.shadow.map.read(kA), a->hot_start().value);
}

TEST(Landing, ATraceComesFirst) {
  TestCache t;
  published_block(t);
  Fragment* b = landing_of_a(t, kB);
  FakeSpec path(t.cache, {kA, kC}, {}, FragmentKind::kTrace);
  Fragment* trace = t.cache.publish(path.with_indirect_entry().get()).fragment;
  EXPECT_EQ(t.shadow.map.read(kA), trace->hot_start().value);
  t.cache.delete_fragment(kA, Scope::kTraceOnly);
  EXPECT_EQ(t.shadow.map.read(kA), b->hot_start().value + kLanding);
}

TEST(Sample, MeetsEveryLiveFragment) {
  TestCache t;
  std::set<Fragment*> made, met;
  for (uint64_t i = 1; i <= 10; ++i) made.insert(t.block({i * 0x1000}));
  for (uint64_t i = 0; i < 4096; ++i) met.insert(t.cache.sample(EpochGuard(t.epochs), i));
  EXPECT_EQ(met, made);
}

}  // namespace
}  // namespace weft::cache::test

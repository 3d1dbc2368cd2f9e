// Threads that run, build and delete at once, on made-up code. Meant for ThreadSanitizer, too:
// runners follow links and shadow words as a processor would, and read code that a too early reuse
// would poison.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <random>
#include <thread>

#include "cache/code_space.h"
#include "fake_code.h"

namespace weft::cache::test {
namespace {

constexpr uint64_t kTags = 48;
constexpr size_t kExits = 3;
constexpr auto kDuration = std::chrono::milliseconds(1500);

AppPc tag_number(uint64_t number) { return {(1 + number % kTags) * 0x400}; }

/// Gives every fragment a number, notes when each was certainly dead, and who has heard of it.
class Ledger final : public Listener {
 public:
  Ledger()
      : dead_at_(new std::atomic<uint32_t>[kMost]()), heard_(new std::atomic<uint8_t>[kMost]()) {}

  uint64_t new_number() { return next_.fetch_add(1) % kMost; }
  uint32_t now() const { return clock_.load(); }
  /// From now on nobody may enter the fragment.
  void note_dead(uint64_t number) {
    uint32_t never = 0;
    dead_at_[number].compare_exchange_strong(never, clock_.load() + 1);
    clock_.fetch_add(1);
  }
  /// Whether the fragment was dead at the moment that now() returned.
  bool was_dead(uint64_t number, uint32_t moment) const {
    const uint32_t dead = dead_at_[number].load();
    return dead != 0 && dead <= moment;
  }
  void on_deleted(const Fragment& fragment) override {
    const auto number = reinterpret_cast<uint64_t>(fragment.tool_data());
    EXPECT_EQ(heard_[number].fetch_add(1), 0) << "a death is heard of once";
    note_dead(number);
  }
  void on_reclaimed(const Fragment& fragment) override {
    const auto number = reinterpret_cast<uint64_t>(fragment.tool_data());
    EXPECT_EQ(heard_[number].fetch_add(1), 1) << "reclamation comes once, after death";
  }

 private:
  static constexpr uint64_t kMost = 1u << 22;
  std::atomic<uint64_t> next_{1};
  std::atomic<uint32_t> clock_{0};
  std::unique_ptr<std::atomic<uint32_t>[]> dead_at_;
  std::unique_ptr<std::atomic<uint8_t>[]> heard_;
};

/// What the threads of one test share.
struct World {
  explicit World(uint64_t reserve = 16u << 20) : t(reserve, 256u << 10) {
    t.cache.set_listener(&ledger);
  }
  bool running() const { return std::chrono::steady_clock::now() < end; }

  std::chrono::steady_clock::time_point end = std::chrono::steady_clock::now() + kDuration;
  Ledger ledger;
  TestCache t;
  std::atomic<uint64_t> entered{0};
};

/// Builds a block or a trace with random parts and targets, whatever becomes of it.
void build(World& world, AppPc tag, std::mt19937_64& random, bool probes = true) {
  constexpr FragmentKind kKinds[] = {FragmentKind::kBlock, FragmentKind::kBlock,
                                     FragmentKind::kTrace, FragmentKind::kProbe};
  const FragmentKind kind = kKinds[random() % (std::size(kKinds) - (probes ? 0 : 1))];
  const bool probe = kind == FragmentKind::kProbe;
  std::vector<AppPc> blocks{tag};
  for (uint64_t more = random() % 4; more != 0; --more) {
    const AppPc next = tag_number(random());
    if (std::find(blocks.begin(), blocks.end(), next) == blocks.end()) blocks.push_back(next);
  }
  std::vector<AppPc> targets;
  for (size_t i = 0; i < kExits; ++i) targets.push_back(tag_number(random()));
  FakeSpec spec(world.t.cache, blocks, targets, kind);
  const uint64_t number = world.ledger.new_number();
  spec.with_indirect_entry().with_number(number).with_data(reinterpret_cast<void*>(number));
  if (!probe && random() % 2 == 0) spec.enter_everywhere();
  if (random() % 2 == 0) spec.counted();
  if (random() % 2 == 0) spec.calls();
  if (random() % 2 == 0) spec.called();
  const EpochGuard guard(world.t.epochs);
  const auto published = world.t.cache.publish(spec.get());
  ASSERT_NE(published.error, CodeCache::PublishError::kFull);
  if (probe && published.fragment != nullptr) world.t.cache.discard(*published.fragment);
  if (random() % 8 == 0) world.t.cache.link_counted(tag);
}

/// "Executes" the fragment at `entry`, which was read after `moment`, and returns the site of one
/// of its exits.
CachePc execute(World& world, CachePc entry, uint32_t moment, std::mt19937_64& random) {
  uint64_t magic;
  uint32_t number;
  std::memcpy(&magic, entry.bytes(), sizeof magic);
  std::memcpy(&number, entry.bytes() + sizeof magic, sizeof number);
  CHECK(magic == kMagic);
  CHECK(!world.ledger.was_dead(number, moment));
  return entry + site_of(random() % kExits);
}

/// One stay in the cache: from a tag by links and shadow words until an exit leads out.
void run_once(World& world, AppPc tag, std::mt19937_64& random) {
  const CodeCache& cache = world.t.cache;
  uint32_t moment = world.ledger.now();
  CachePc entry = cache.find(tag);
  for (int steps = 0; entry.value != 0 && steps < 64; ++steps) {
    const CachePc site = execute(world, entry, moment, random);
    world.entered.fetch_add(1, std::memory_order_relaxed);
    moment = world.ledger.now();
    if (random() % 8 == 0) {
      const uint64_t word = world.t.shadow.map.read(tag_number(random()));
      if (word == 0 || word == FakeShadow::kMiss.value) return;
      entry = {word};
      continue;
    }
    const CachePc target = followed(site);
    if (std::memcmp(target.bytes(), &kMagic, sizeof kMagic) == 0) {
      entry = target;
      continue;
    }
    // A stub: its exit must still be known, and be this fragment's.
    const ExitId id = exit_in_stub(target);
    CHECK(cache.exit_owner(id).state() != FragmentState::kReclaimed);
    moment = world.ledger.now();
    entry = cache.find(cache.exit_target(id));
  }
}

void runner(World& world, uint64_t seed) {
  std::mt19937_64 random(seed);
  EpochSlot slot;
  world.t.epochs.register_thread(slot);
  while (world.running()) {
    const AppPc tag = tag_number(random());
    world.t.cache.reclaim();
    {
      EpochGuard guard(world.t.epochs, slot);
      run_once(world, tag, random);
    }
    if (world.t.cache.find(tag).value == 0 || random() % 16 == 0) build(world, tag, random);
    bool needs_stub = false;
    if (random() % 4 == 0) world.t.cache.publish_indirect(tag, needs_stub);
  }
  world.t.epochs.unregister_thread(slot);
}

void deleter(World& world, uint64_t seed) {
  std::mt19937_64 random(seed);
  while (world.running()) {
    const AppPc tag = tag_number(random());
    uint64_t seen = 0;
    {
      EpochGuard guard(world.t.epochs);
      const CachePc entry = world.t.cache.find(tag);
      if (entry.value != 0) {
        uint32_t number;
        std::memcpy(&number, entry.bytes() + sizeof kMagic, sizeof number);
        seen = number;
      }
    }
    switch (random() % 8) {
      case 0:
        world.t.cache.delete_region({tag + 3, tag + 5});
        break;
      case 1:
        world.t.cache.delete_fragment(tag, Scope::kTraceOnly);
        seen = 0;
        break;
      case 2:
        world.t.cache.evict(256);
        seen = 0;
        break;
      default:
        world.t.cache.delete_fragment(tag);
    }
    // Whether this call won or another did: on return nobody enters what the tag led to before.
    if (seen != 0) world.ledger.note_dead(seen);
    if (random() % 64 == 0) std::this_thread::yield();
  }
}

/// With nobody at work, every exit goes where its target is, and to its stub if that is nowhere.
void expect_no_lost_link(World& world) {
  EpochGuard guard(world.t.epochs);
  CodeCache& cache = world.t.cache;
  uint64_t exits = 0;
  // Counted exits would rightly wait for a trace.
  for (uint64_t i = 0; i < kTags; ++i) cache.link_counted(tag_number(i));
  cache.fragments_in(guard, {{0}, {~uint64_t{0}}}, [&](Fragment& fragment) {
    for (uint32_t i = 0; i < fragment.exit_count(); ++i, ++exits) {
      const CachePc entry = cache.find(cache.exit_target(fragment.exit_id(i)));
      EXPECT_EQ(exit_goes_to(fragment, i), entry.value != 0 ? entry : stub_of(fragment, i));
    }
  });
  const auto stats = cache.stats();
  EXPECT_EQ(stats.exits_linked + stats.exits_waiting, exits);
}

void expect_nothing_left(World& world) {
  world.t.cache.delete_all();
  ASSERT_TRUE(world.t.cache.await_quiescence(1'000'000'000));
  const auto stats = world.t.cache.stats();
  EXPECT_EQ(stats.fragments_live, 0u);
  EXPECT_EQ(stats.fragments_dead, 0u);
  EXPECT_EQ(stats.limbo_bytes, 0u);
  EXPECT_EQ(stats.hot_bytes + stats.cold_bytes, 0u);
  EXPECT_EQ(stats.exits_linked + stats.exits_waiting, 0u);
  for (uint64_t i = 0; i < kTags; ++i) {
    const uint64_t word = world.t.shadow.map.read(tag_number(i));
    EXPECT_TRUE(word == 0 || word == FakeShadow::kMiss.value);
  }
}

TEST(Concurrent, NobodyEntersWhatWasDeletedAndNothingIsLost) {
  World world;
  std::vector<std::thread> threads;
  for (uint64_t i = 0; i < 3; ++i) threads.emplace_back([&world, i] { runner(world, i); });
  for (uint64_t i = 0; i < 2; ++i) threads.emplace_back([&world, i] { deleter(world, 100 + i); });
  for (std::thread& thread : threads) thread.join();
  EXPECT_GT(world.entered.load(), 1000u);
  EXPECT_GT(world.t.cache.stats().fragments_reclaimed, 100u);
  expect_no_lost_link(world);
  expect_nothing_left(world);
}

TEST(Concurrent, DeletersOfTheSameTagsDivideTheDeathsAmongThem) {
  World world;
  std::atomic<uint64_t> reported{0};
  std::vector<std::thread> threads;
  for (uint64_t i = 0; i < 4; ++i) {
    threads.emplace_back([&world, &reported, i] {
      std::mt19937_64 random(i);
      while (world.running()) {
        const AppPc tag = tag_number(random() % 3);
        if (i == 0) {
          build(world, tag, random, false);  // their deaths would be nobody's
          continue;
        }
        const Deleted deleted = world.t.cache.delete_fragment(tag);
        reported += deleted.containing + (deleted.block ? 1u : 0u) + (deleted.trace ? 1u : 0u);
        EXPECT_LE(world.t.cache.stats().limbo_bytes, 8u << 20);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const auto stats = world.t.cache.stats();
  EXPECT_EQ(reported.load(), stats.fragments_made - stats.fragments_live);
  expect_no_lost_link(world);
  expect_nothing_left(world);
}

TEST(Concurrent, OneTagIsPublishedOnceHoweverManyBuildIt) {
  World world;
  std::vector<std::thread> threads;
  std::atomic<uint64_t> won{0};
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&world, &won] {
      for (uint64_t tag = 1; tag <= 500; ++tag) {
        if (world.t.block({tag << 12}, {{(tag + 1) << 12}}) != nullptr) ++won;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(won.load(), 500u);
  expect_no_lost_link(world);
}

TEST(Concurrent, ForksSeeNoOperationHalfDone) {
  World world;
  std::vector<std::thread> threads;
  for (uint64_t i = 0; i < 2; ++i) threads.emplace_back([&world, i] { runner(world, i); });
  threads.emplace_back([&world] { deleter(world, 7); });
  while (world.running()) {
    ForkLocks locks;
    locks.add(LockRank::kGate, world.t.cache);
    world.t.epochs.add_fork_locks(locks);
    locks.lock();
    // Nobody is at work, so all that a child would find is whole.
    std::this_thread::sleep_for(std::chrono::microseconds(200));
    locks.unlock(false);
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  for (std::thread& thread : threads) thread.join();
  expect_no_lost_link(world);
  expect_nothing_left(world);
}

}  // namespace
}  // namespace weft::cache::test

// The engine's deletion over made-up fragments: nothing is translated or run.
#include "engine/deletion.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <csignal>
#include <memory>
#include <thread>
#include <vector>

#include "../cache/fake_code.h"

namespace weft::engine {
namespace {

using cache::FragmentKind;
using cache::Scope;
using cache::test::TestCache;
using testing::ElementsAre;

constexpr AppPc kA{0x1000};
constexpr AppPc kB{0x2000};
constexpr AppPc kC{0x3000};

struct TestDeletions : TestCache {
  int wakes = 0;
  int preparations = 0;
  CacheSet caches{cache};
  std::unique_ptr<Deletions> made = std::make_unique<Deletions>(
      caches, [this] { ++wakes; }, [this] { ++preparations; });
  Deletions& deletions = *made;
  uint64_t live() const { return cache.stats().fragments_live; }
};

TEST(Deletions, ABatchDeletesEachTagWithOneGracePeriod) {
  TestDeletions t;
  for (const AppPc tag : {kA, kB, kC}) t.block(tag);
  t.trace({kA, kB});
  const uint64_t epoch = t.epochs.current();
  const std::vector<AppPc> tags{kA, kB, kB};
  EXPECT_EQ(t.deletions.delete_fragments(tags), 3u);
  EXPECT_EQ(t.epochs.current(), epoch + 1);
  EXPECT_EQ(t.live(), 1u);
  EXPECT_NE(t.cache.find(kC).value, 0u);
}

TEST(Deletions, ABatchOfTracesLeavesTheBlocks) {
  TestDeletions t;
  t.block(kA);
  t.block(kB);
  t.trace({kA, kB});
  const std::vector<AppPc> tags{kA, kB};
  EXPECT_EQ(t.deletions.delete_fragments(tags, Scope::kTraceOnly), 1u);
  EXPECT_EQ(t.live(), 2u);
}

TEST(Deletions, ARequestIsMadeWhenServed) {
  TestDeletions t;
  t.block(kA);
  t.block(kB);
  EXPECT_TRUE(t.deletions.request(kA));
  EXPECT_EQ(t.wakes, 1);
  EXPECT_TRUE(t.deletions.requests().has_requests());
  EXPECT_EQ(t.live(), 2u);
  t.deletions.serve_requests();
  EXPECT_FALSE(t.deletions.requests().has_requests());
  EXPECT_EQ(t.cache.find(kA).value, 0u);
  EXPECT_NE(t.cache.find(kB).value, 0u);
}

TEST(Deletions, ACallerInsideTheCacheDeletesAndIsNotWaitedForByItself) {
  TestDeletions t;
  cache::EpochSlot slot;
  t.epochs.register_thread(slot);
  t.block(kA);
  t.epochs.enter(slot);
  EXPECT_TRUE(t.deletions.delete_fragment(kA).block);
  EXPECT_FALSE(t.deletions.await_quiescence(~uint64_t{0} >> 1, &slot));
  t.cache.reclaim_now();
  EXPECT_EQ(t.cache.stats().fragments_reclaimed, 0u) << "the caller may still be in it";
  t.epochs.leave(slot);
  EXPECT_TRUE(t.deletions.await_quiescence(1'000'000, &slot));
  EXPECT_EQ(t.cache.stats().fragments_reclaimed, 1u);
  t.epochs.unregister_thread(slot);
}

TEST(Deletions, AwaitingNudgesWhoIsLateAndGivesUpInTime) {
  TestDeletions t;
  cache::EpochSlot slot;
  t.epochs.register_thread(slot);
  int nudges = 0;
  t.cache.set_nudger([&](cache::EpochSlot& late) {
    EXPECT_EQ(&late, &slot);
    if (++nudges == 2) t.epochs.leave(slot);
  });
  t.block(kA);
  t.epochs.enter(slot);
  t.deletions.delete_fragment(kA);
  EXPECT_FALSE(t.deletions.await_quiescence(100'000));
  EXPECT_TRUE(t.deletions.await_quiescence(10'000'000'000));
  EXPECT_EQ(nudges, 2);
  t.epochs.unregister_thread(slot);
}

TEST(DeletionQueue, RefusesAndCountsWhatDoesNotFit) {
  auto queue = std::make_unique<DeletionQueue>();
  for (uint64_t i = 0; i < DeletionQueue::kCapacity; ++i) EXPECT_TRUE(queue->push({i}));
  EXPECT_FALSE(queue->push({1}));
  EXPECT_FALSE(queue->push({2}));
  EXPECT_EQ(queue->refused(), 2u);
  for (uint64_t i = 0; i < DeletionQueue::kCapacity; ++i) EXPECT_EQ(queue->pop(), AppPc{i});
  EXPECT_EQ(queue->pop(), std::nullopt);
  EXPECT_TRUE(queue->push({3}));
  EXPECT_EQ(queue->pop(), AppPc{3});
}

TEST(DeletionQueue, EveryRequestComesOutOnceWhoeverAsksAndServes) {
  constexpr uint64_t kEach = 20'000;
  constexpr uint64_t kWriters = 3;
  auto queue = std::make_unique<DeletionQueue>();
  std::vector<std::atomic<uint8_t>> seen(kEach * kWriters);
  std::atomic<uint64_t> taken{0};
  std::vector<std::thread> threads;
  for (uint64_t w = 0; w < kWriters; ++w) {
    threads.emplace_back([&, w] {
      for (uint64_t i = 0; i < kEach; ++i) {
        while (!queue->push({w * kEach + i})) std::this_thread::yield();
      }
    });
  }
  for (int r = 0; r < 2; ++r) {
    threads.emplace_back([&] {
      while (taken < kEach * kWriters) {
        if (const auto tag = queue->pop()) {
          ++seen[tag->value];
          ++taken;
        } else {
          std::this_thread::yield();
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_FALSE(queue->has_requests());
  for (const auto& count : seen) ASSERT_EQ(count, 1);
}

TEST(DeletionQueue, TheChildOfAForkKeepsTheRequests) {
  auto queue = std::make_unique<DeletionQueue>();
  for (uint64_t i = 0; i < 5000; ++i) {
    queue->push({i});
    if (i < 4990) queue->pop();
  }
  queue->after_fork_child();
  for (uint64_t i = 4990; i < 5000; ++i) EXPECT_EQ(queue->pop(), AppPc{i});
  EXPECT_FALSE(queue->has_requests());
  EXPECT_TRUE(queue->push({7}));
  EXPECT_EQ(queue->pop(), AppPc{7});
}

std::atomic<DeletionQueue*> asked_queue{nullptr};

TEST(DeletionQueue, TakesRequestsFromASignalHandlerThatInterruptsAnother) {
  auto queue = std::make_unique<DeletionQueue>();
  asked_queue = queue.get();
  struct sigaction action {};
  action.sa_handler = [](int) { asked_queue.load()->push({1}); };
  struct sigaction before {};
  ASSERT_EQ(sigaction(SIGUSR1, &action, &before), 0);
  const pthread_t self = pthread_self();
  std::atomic<bool> stop{false};
  std::thread sender([&] {
    while (!stop) pthread_kill(self, SIGUSR1);
  });
  uint64_t mine = 0;
  for (int i = 0; i < 200'000; ++i) {
    queue->push({2});
    while (const auto tag = queue->pop()) mine += tag->value == 2 ? 1 : 0;
  }
  stop = true;
  sender.join();
  sigaction(SIGUSR1, &before, nullptr);
  while (const auto tag = queue->pop()) mine += tag->value == 2 ? 1 : 0;
  EXPECT_EQ(mine + queue->refused(), 200'000u);
}

}  // namespace
}  // namespace weft::engine

#include "base/lock_order.h"

#include <gtest/gtest.h>

#include <vector>

#include "base/fork_locks.h"
#include "base/spin_lock.h"

namespace weft::test {
namespace {

class LockOrderDeathTest : public testing::Test {
 protected:
  LockOrderDeathTest() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }

  SpinLock<LockRank::kHost> early;
  SpinLock<LockRank::kCodePages> late;
};

TEST_F(LockOrderDeathTest, ALockOutOfOrderStopsTheProcess) {
  const auto take = [this] {
    check_lock_order();
    const Locked first(late);
    const Locked second(early);
  };
  EXPECT_DEATH(take(), "'host' is wanted while 'code pages' is held");
}

TEST_F(LockOrderDeathTest, ALockThatWasReleasedIsOutOfTheWay) {
  const auto take = [this] {
    check_lock_order();
    { const Locked first(late); }
    const Locked second(early);
    const Locked third(late);
    _exit(7);
  };
  EXPECT_EXIT(take(), testing::ExitedWithCode(7), "");
}

TEST_F(LockOrderDeathTest, ATryIsOutsideOfAnyOrder) {
  const auto take = [this] {
    check_lock_order();
    const Locked first(late);
    if (early.try_lock()) early.unlock();
    _exit(7);
  };
  EXPECT_EXIT(take(), testing::ExitedWithCode(7), "");
}

/// Notes when it is locked and unlocked.
struct Noting {
  std::vector<int>& notes;
  int name;
  void lock_for_fork() { notes.push_back(name); }
  void unlock_after_fork(bool /*child*/) { notes.push_back(-name); }
};

TEST(ForkLocks, AreTakenInTheOrderOfLocksAndReleasedTheOtherWayRound) {
  std::vector<int> notes;
  Noting host{notes, 1}, pages{notes, 2}, gate{notes, 3};
  ForkLocks locks;
  locks.add(LockRank::kGate, gate);
  locks.add(LockRank::kHost, host);
  locks.add(LockRank::kCodePages, pages);
  locks.lock();
  locks.unlock(false);
  EXPECT_EQ(notes, (std::vector{1, 2, 3, -3, -2, -1}));
  EXPECT_FALSE(locks.has_all());
}

TEST(ForkLocksDeathTest, AreThoseThatAForkTakesEachOnce) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  std::vector<int> notes;
  Noting host{notes, 1}, pages{notes, 2}, tag{notes, 3};
  EXPECT_DEATH(
      {
        ForkLocks locks;
        locks.add(LockRank::kHost, host);
        locks.add(LockRank::kHost, pages);
      },
      "CHECK failed");
  EXPECT_DEATH(
      {
        ForkLocks locks;
        locks.add(LockRank::kTag, tag);
      },
      "CHECK failed");
}

}  // namespace
}  // namespace weft::test

// Claims about who asks for the runtime's fs. (Whether all that need it ask is what the programs of
// tests/apps show under --fs-switch=checked.)
#include "base/runtime_fs.h"

#include <gtest/gtest.h>

#include <thread>

#include "base/spin_lock.h"

namespace weft {
namespace {

int g_asked = 0;

class RuntimeFs : public ::testing::Test {
 protected:
  void SetUp() override { g_asked = 0; }
  void TearDown() override { set_runtime_fs_switch(nullptr); }
};

TEST_F(RuntimeFs, IsNoConcernOfAProcessWithoutASwitch) {
  need_runtime_fs();
  EXPECT_EQ(g_asked, 0);
}

TEST_F(RuntimeFs, IsTakenByTheSwitchEachTimeItIsNeeded) {
  set_runtime_fs_switch([]() noexcept { ++g_asked; });
  need_runtime_fs();
  need_runtime_fs();
  EXPECT_EQ(g_asked, 2);
}

TEST_F(RuntimeFs, IsNotNeededByALockThatIsFree) {
  set_runtime_fs_switch([]() noexcept { ++g_asked; });
  SpinLock<LockRank::kHost> lock;
  lock.lock();
  lock.unlock();
  EXPECT_EQ(g_asked, 0);
}

TEST_F(RuntimeFs, IsNeededByALockThatIsHeld) {
  static std::atomic<bool> asked;
  asked = false;
  set_runtime_fs_switch([]() noexcept { asked = true; });
  SpinLock<LockRank::kHost> lock;
  lock.lock();
  std::thread other([&lock] {
    lock.lock();
    lock.unlock();
  });
  while (!asked) std::this_thread::yield();
  lock.unlock();
  other.join();
}

}  // namespace
}  // namespace weft

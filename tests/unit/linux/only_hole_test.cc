#include "linux/memory/only_hole.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <array>
#include <atomic>
#include <thread>

#include "sanitizers.h"

namespace weft::linux {
namespace {

constexpr size_t kPage = 4096;
constexpr size_t kHole = 64u << 20;

class OnlyHoleTest : public testing::Test {
 protected:
  void SetUp() override {
    if (kSanitizerOwnsWindow) GTEST_SKIP() << "the sanitizer uses the address space";
  }
};

/// Free, and below everything else that there is.
AppRange low_hole() {
  const AppPc start{0x5000'0000};
  return {start, {start.value + kHole}};
}

bool is_mapped_in(AppRange hole) {
  void* const got = mmap(nullptr, kPage, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (got == MAP_FAILED) return false;
  munmap(got, kPage);
  return hole.contains({reinterpret_cast<uint64_t>(got)});
}

TEST_F(OnlyHoleTest, IsWhereTheKernelMaps) {
  const AppRange hole = low_hole();
  EXPECT_FALSE(is_mapped_in(hole));
  {
    const OnlyHole only(hole);
    EXPECT_TRUE(is_mapped_in(hole));
  }
  EXPECT_FALSE(is_mapped_in(hole));
}

TEST_F(OnlyHoleTest, IsFoundWhileAnotherThreadMaps) {
  constexpr int kRounds = 50;
  constexpr size_t kMost = 2000;  // pages: they all fit into the hole
  for (int round = 0; round < kRounds; ++round) {
    std::atomic<size_t> mapped{0};
    std::atomic<bool> ends{false};
    std::array<void*, kMost> pages{};
    std::thread other([&] {
      while (!ends && mapped < kMost) {
        const int protection = mapped % 2 == 0 ? PROT_NONE : PROT_READ;
        pages[mapped] = mmap(nullptr, kPage, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        ++mapped;
      }
    });
    while (mapped == 0) std::this_thread::yield();
    bool is_in_hole = false;
    {
      const OnlyHole only(low_hole());
      is_in_hole = is_mapped_in(low_hole());
      ends = true;
      other.join();
    }
    for (size_t i = 0; i < mapped; ++i) munmap(pages[i], kPage);
    ASSERT_TRUE(is_in_hole) << "in round " << round;
  }
}

}  // namespace
}  // namespace weft::linux

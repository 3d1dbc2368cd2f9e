#include "linux/memory/layout.h"

#include <gtest/gtest.h>

#include "sanitizers.h"

namespace weft::linux {
namespace {

class LayoutTest : public testing::Test {
 protected:
  void SetUp() override {
    if (kSanitizerOwnsWindow) GTEST_SKIP() << "the sanitizer uses the window";
  }
};

TEST_F(LayoutTest, TheWindowsShadowIsUserMemoryThatDoesNotMeetTheWindow) {
  const AppRange shadow = shadow_range(kWindow);
  EXPECT_GT(shadow.start, kWindow.end);
  EXPECT_LT(shadow.end.value, kUserEnd);
  EXPECT_EQ(shadow.start.value % kPageSize, 0u);
}

TEST_F(LayoutTest, TheCodeCacheIsWithinReachOfTheProgram) {
  const uint64_t size = 256u << 20;
  const uint64_t in_window =
      place_code_cache({{kWindowBase}, {kWindowBase + 0x100000}}, true, size);
  EXPECT_EQ(in_window, kWindowZones.code_cache);
  const AppRange fixed{{0x400000}, {0x800000}};
  const uint64_t low = place_code_cache(fixed, false, size);
  EXPECT_GT(low, fixed.end.value);
  EXPECT_LT(low + size, 0x8000'0000u);
  EXPECT_EQ(place_code_cache({{0x400000}, {0x7000'0000}}, false, size), 0u);
}

}  // namespace
}  // namespace weft::linux

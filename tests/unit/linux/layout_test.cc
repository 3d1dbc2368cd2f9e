#include "linux/layout.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sanitizers.h"

namespace weft::linux {
namespace {

/// Runs `body` in a child, because it changes the address space for good. The child's status is its
/// result.
template <typename Body>
int in_child(Body body) {
  const pid_t child = fork();
  if (child == 0) _exit(body());
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + status;
}

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

TEST_F(LayoutTest, UntouchedShadowWordsAreZeroAndWritable) {
  EXPECT_EQ(in_child([] {
              Layout layout;
              if (layout.has_shadow(kWindow.start)) return 1;
              if (!layout.reserve_window_shadow().ok()) return 2;
              for (const uint64_t pc : {kWindow.start.value, kWindow.end.value - 1}) {
                auto* shadow = reinterpret_cast<uint64_t*>(shadow_address(pc & ~uint64_t{7}));
                if (*shadow != 0) return 3;
                *shadow = pc;
                if (!layout.has_shadow({pc}) || !layout.is_shadow(shadow_address(pc))) return 4;
              }
              return layout.has_shadow(kWindow.end) ? 5 : 0;
            }),
            0);
}

TEST_F(LayoutTest, AnAddressSpaceLimitIsAnErrorNotACrash) {
  EXPECT_EQ(in_child([] {
              const struct rlimit limit = {uint64_t{1} << 32, uint64_t{1} << 32};
              if (setrlimit(RLIMIT_AS, &limit) != 0) return 1;
              Layout layout;
              return layout.reserve_window_shadow().ok() || layout.window_has_shadow() ? 2 : 0;
            }),
            0);
}

TEST_F(LayoutTest, SomethingInTheShadowsPlaceIsAnErrorAndSurvives) {
  EXPECT_EQ(in_child([] {
              void* place = reinterpret_cast<void*>(shadow_address(kWindow.start.value) + 0x100000);
              if (mmap(place, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE,
                       -1, 0) != place) {
                return 1;
              }
              Layout layout;
              if (layout.reserve_window_shadow().ok()) return 2;
              return mprotect(place, 4096, PROT_NONE) == 0 ? 0 : 3;
            }),
            0);
}

TEST_F(LayoutTest, AModuleAtALowAddressHasAShadowAndOneThatIsTooHighHasNot) {
  EXPECT_EQ(in_child([] {
              Layout layout;
              const AppRange low{{0x400000}, {0x512345}};
              if (!layout.reserve_module_shadow(low)) return 1;
              if (!layout.has_shadow(low.start) || !layout.has_shadow({0x512344})) return 2;
              if (layout.has_shadow({0x3fffff})) return 3;
              *reinterpret_cast<uint64_t*>(shadow_address(0x512344)) = 1;
              if (layout.reserve_module_shadow(low)) return 4;
              const AppRange high{{0x7000'0000'0000}, {0x7000'0001'0000}};
              return layout.reserve_module_shadow(high) ? 5 : 0;
            }),
            0);
}

TEST_F(LayoutTest, TheCodeCacheIsWithinReachOfTheProgram) {
  const uint64_t size = 256u << 20;
  const uint64_t in_window =
      Layout::place_code_cache({{kWindowBase}, {kWindowBase + 0x100000}}, true, size);
  EXPECT_EQ(in_window, kWindowZones.code_cache);
  const AppRange fixed{{0x400000}, {0x800000}};
  const uint64_t low = Layout::place_code_cache(fixed, false, size);
  EXPECT_GT(low, fixed.end.value);
  EXPECT_LT(low + size, 0x8000'0000u);
  EXPECT_EQ(Layout::place_code_cache({{0x400000}, {0x7000'0000}}, false, size), 0u);
}

}  // namespace
}  // namespace weft::linux

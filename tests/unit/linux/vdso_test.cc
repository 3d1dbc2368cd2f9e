#include "linux/image/vdso.h"

#include <elf.h>
#include <gtest/gtest.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <ctime>
#include <stdexcept>
#include <string>

#include "linux/memory/layout.h"
#include "sanitizers.h"

namespace weft::linux {
namespace {

int64_t nanoseconds(const timespec& time) { return time.tv_sec * 1'000'000'000 + time.tv_nsec; }

/// In a child: the move is for good. 0 if everything still works there.
int moved_and_used() {
  timespec before, after;
  clock_gettime(CLOCK_MONOTONIC, &before);
  AddressSpace space;
  const uint64_t old = getauxval(AT_SYSINFO_EHDR);
  const VdsoPlace place = move_vdso(old, space);
  if (!place.moved) return place.header == old ? 77 : 1;
  if (!kWindowZones.near.contains({place.header})) return 2;
  if (std::memcmp(reinterpret_cast<void*>(place.header), ELFMAG, SELFMAG) != 0) return 3;
  const auto code = space.find({place.header});
  if (!code || code->label != Label::kVdso || !code->executable()) return 4;
  // Through the copy that stayed, which our libc has pointers into.
  clock_gettime(CLOCK_MONOTONIC, &after);
  const int64_t passed = nanoseconds(after) - nanoseconds(before);
  if (passed < 0 || passed > 5'000'000'000) return 5;
  timeval day;
  if (gettimeofday(&day, nullptr) != 0 || std::abs(day.tv_sec - time(nullptr)) > 1) return 6;
  // Unwinding looks at every loaded object, the vdso's copy too.
  try {
    throw std::runtime_error("unwound");
  } catch (const std::exception& caught) {
    if (std::string(caught.what()) != "unwound") return 7;
  }
  // The program may do with its vdso what it likes.
  if (munmap(reinterpret_cast<void*>(code->range.start.value), code->range.size()) != 0) return 9;
  const pid_t child = fork();
  if (child == 0) _exit(clock_gettime(CLOCK_REALTIME, &after) == 0 ? 0 : 1);
  int status = 1;
  waitpid(child, &status, 0);
  return status == 0 ? 0 : 8;
}

class VdsoTest : public testing::Test {
 protected:
  void SetUp() override {
    if (kSanitizerOwnsWindow) GTEST_SKIP() << "the sanitizer uses the window";
  }
};

TEST_F(VdsoTest, OurOwnLibcAndUnwinderWorkAfterTheMove) {
  const pid_t child = fork();
  if (child == 0) _exit(moved_and_used());
  int status = 0;
  waitpid(child, &status, 0);
  ASSERT_TRUE(WIFEXITED(status)) << status;
  if (WEXITSTATUS(status) == 77) GTEST_SKIP() << "this kernel does not let it move";
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST_F(VdsoTest, WithoutOneThereIsNothingToMove) {
  AddressSpace space;
  EXPECT_EQ(move_vdso(0, space).header, 0u);
}

TEST_F(VdsoTest, AnAddressThatIsNotTheVdsoIsLeftAlone) {
  AddressSpace space;
  const VdsoPlace place = move_vdso(0x1000, space);
  EXPECT_EQ(place.header, 0x1000u);
  EXPECT_FALSE(place.moved);
}

}  // namespace
}  // namespace weft::linux

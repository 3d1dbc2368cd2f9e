// Claims about limits and locks on the address space, of which the runtime's part is not the
// program's concern.

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "fakes.h"
#include "linux/memory/layout.h"

namespace weft::linux::testing {
namespace {

constexpr uint64_t kMegabyte = uint64_t{1} << 20;

/// In a child, since limits are the process's.
template <typename Body>
bool holds_in_child(Body body) {
  const pid_t child = fork();
  if (child == 0) _exit(body() ? 0 : 1);
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

TEST(Limits, OfTheAddressSpaceReadBackAsSetAndLeaveRoomForTheRuntime) {
  EXPECT_TRUE(holds_in_child([] {
    Program program;
    void* reserved =
        mmap(nullptr, kTiB, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (reserved == MAP_FAILED) return false;
    const rlimit limit{512 * kMegabyte, RLIM_INFINITY};
    if (program.call(__NR_prlimit64, 0, RLIMIT_AS, &limit, nullptr) != 0) return false;
    rlimit seen{};
    program.call(__NR_getrlimit, RLIMIT_AS, &seen);
    if (seen.rlim_cur != limit.rlim_cur || seen.rlim_max != limit.rlim_max) return false;
    rlimit kernel{};
    getrlimit(RLIMIT_AS, &kernel);
    return kernel.rlim_cur > kTiB && kernel.rlim_cur < kTiB + 2 * kGiB;
  }));
}

TEST(Limits, ThatAreLoweredForGoodCannotBeRaisedByOrdinaryUsers) {
  EXPECT_TRUE(holds_in_child([] {
    if (geteuid() == 0 && setuid(65534) != 0) return false;
    Program program;
    const rlimit low{kGiB, kGiB};
    const rlimit high{kGiB, 2 * kGiB};
    const rlimit wrong{kGiB, 1};
    return program.call(__NR_setrlimit, RLIMIT_DATA, &low) == 0 &&
           program.call(__NR_setrlimit, RLIMIT_DATA, &high) == -EPERM &&
           program.call(__NR_setrlimit, RLIMIT_DATA, &wrong) == -EINVAL;
  }));
}

TEST(Locks, OnEverythingLockOnlyTheProgram) {
  EXPECT_TRUE(holds_in_child([] {
    Program program;
    // Would be 64 GB of memory if it were populated.
    void* ours = mmap(nullptr, 64 * kGiB, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (ours == MAP_FAILED) return false;
    const int64_t place = program.call(__NR_mmap, 0, kPageSize, PROT_READ | PROT_WRITE,
                                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    const int64_t locked = program.call(__NR_mlockall, MCL_CURRENT | MCL_FUTURE);
    unsigned char resident = 0;
    mincore(ours, kPageSize, &resident);
    const bool there =
        program.call(__NR_mincore, place, kPageSize, &resident) == 0 && (resident & 1) != 0;
    return (locked == 0 && there) || locked == -EPERM || locked == -ENOMEM;
  }));
}

TEST(Locks, WrongFlagsAreRefused) {
  Program program;
  EXPECT_EQ(program.call(__NR_mlockall, 0), -EINVAL);
  EXPECT_EQ(program.call(__NR_mlockall, 64), -EINVAL);
}

TEST(Residency, OfOurMemoryIsNotSeen) {
  Program program;
  static char ours[3 * kPageSize];
  unsigned char vector[4];
  EXPECT_EQ(program.call(__NR_mincore, page_up(word(ours)), kPageSize, vector), -ENOMEM);
  EXPECT_EQ(program.call(__NR_mincore, 1, kPageSize, vector), -EINVAL);
}

TEST(AuxiliaryVector, IsTheProgramsOwn) {
  ProgramImage image;
  image.auxv = {1, 2, 3, 4};
  Program program(image);
  uint8_t seen[8] = {};
  constexpr int kGetAuxv = 0x41555856;
  EXPECT_EQ(program.call(__NR_prctl, kGetAuxv, seen, 2, 0, 0), 4);
  EXPECT_EQ(seen[1], 2);
  EXPECT_EQ(seen[2], 0);
  EXPECT_EQ(program.call(__NR_prctl, kGetAuxv, seen, 8, 1, 0), -EINVAL);
}

}  // namespace
}  // namespace weft::linux::testing

// Claims about descriptors of files of /proc about the program itself.

#include "linux/call/file/proc_reads.h"

#include <gtest/gtest.h>
#include <linux/close_range.h>
#include <sys/syscall.h>

#include "fakes.h"
#include "linux/call/file/proc_files.h"

namespace weft::linux::testing {
namespace {

constexpr uint64_t kFd = 5;

SyscallArguments call_of(int64_t number, uint64_t first, uint64_t second = 0, uint64_t third = 0) {
  SyscallArguments call{};
  call.number = number;
  call.a[0] = first;
  call.a[1] = second;
  call.a[2] = third;
  return call;
}

struct Reads {
  ProgramImage image;
  AddressSpace space;
  FakeSignals signals;
  ProcFiles files{image, space, signals};
  ProcReads reads{files};
  FakeThread one;
  FakeThread other;
  bool corrects() const { return reads.concerns(call_of(__NR_read, kFd)); }
};

TEST(ProcReads, ANumberMayBeOpenedAgainByAnotherThreadBeforeTheOneThatClosedItGoesOn) {
  Reads t;
  const SyscallArguments close = call_of(__NR_close, kFd);
  t.reads.note_open(t.one.thread, kFd);
  EXPECT_TRUE(t.corrects());
  t.reads.before(close, false);
  EXPECT_FALSE(t.corrects());
  t.reads.note_open(t.other.thread, kFd);
  t.reads.after(close, 0, false);
  EXPECT_TRUE(t.corrects());
}

TEST(ProcReads, CloseRangeForgetsWhatItClosesAndNotWhatItMarks) {
  Reads t;
  t.reads.note_open(t.one.thread, kFd);
  t.reads.before(call_of(__NR_close_range, 0, kFd + 1, CLOSE_RANGE_CLOEXEC), false);
  EXPECT_TRUE(t.corrects());
  t.reads.before(call_of(__NR_close_range, 0, kFd + 1), true);
  EXPECT_TRUE(t.corrects()) << "in a table of its own";
  t.reads.before(call_of(__NR_close_range, 0, kFd + 1), false);
  EXPECT_FALSE(t.corrects());
}

}  // namespace
}  // namespace weft::linux::testing

// Claims about mmap and its family, brk and shmat as a program sees them.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "fakes.h"
#include "linux/memory/layout.h"

namespace weft::linux::testing {
namespace {

constexpr int kReadWrite = PROT_READ | PROT_WRITE;
constexpr int kAnonymous = MAP_PRIVATE | MAP_ANONYMOUS;

class Memory : public ::testing::Test {
 protected:
  uint64_t map(uint64_t size, int prot = kReadWrite) {
    const int64_t place = program.call(__NR_mmap, 0, size, prot, kAnonymous, -1, 0);
    EXPECT_FALSE(failed(place)) << place;
    return static_cast<uint64_t>(place);
  }
  void TearDown() override {
    // What the program mapped stays mapped in this process: the next test begins clean.
    program.space.for_each([](const Mapping& mapping) {
      raw_syscall(__NR_munmap, mapping.range.start.value, mapping.range.size());
    });
  }

  Program program;
};

TEST_F(Memory, OpenPlacesLieInTheWindowAndAreRecorded) {
  const uint64_t place = map(3 * kPageSize);
  EXPECT_TRUE(kWindow.contains({place}));
  EXPECT_TRUE(program.space.program_covers({{place}, {place + 3 * kPageSize}}));
  std::memset(reinterpret_cast<void*>(place), 1, 3 * kPageSize);
}

TEST_F(Memory, AHintIsHonouredWhereItIsFree) {
  const uint64_t hint = kWindowZones.far.start.value + (uint64_t{1} << 36);
  EXPECT_EQ(program.call(__NR_mmap, hint, kPageSize, kReadWrite, kAnonymous, -1, 0),
            static_cast<int64_t>(hint));
  const int64_t other = program.call(__NR_mmap, hint, kPageSize, kReadWrite, kAnonymous, -1, 0);
  EXPECT_FALSE(failed(other));
  EXPECT_NE(other, static_cast<int64_t>(hint));
}

TEST_F(Memory, Map32BitStaysBelowTwoGigabytes) {
  const int64_t place =
      program.call(__NR_mmap, 0, kPageSize, kReadWrite, kAnonymous | MAP_32BIT, -1, 0);
  ASSERT_FALSE(failed(place));
  EXPECT_LT(place, int64_t{1} << 31);
}

TEST_F(Memory, WrongArgumentsGetTheKernelsErrors) {
  EXPECT_EQ(program.call(__NR_mmap, 0, 0, kReadWrite, kAnonymous, -1, 0), -EINVAL);
  EXPECT_EQ(program.call(__NR_mmap, 0, kPageSize, kReadWrite, kAnonymous, -1, 1), -EINVAL);
  EXPECT_EQ(program.call(__NR_mmap, 0, kPageSize, kReadWrite, MAP_PRIVATE, -1, 0), -EBADF);
  EXPECT_EQ(program.call(__NR_mmap, 0, ~uint64_t{0} - kPageSize, kReadWrite, kAnonymous, -1, 0),
            -ENOMEM);
  EXPECT_EQ(program.call(__NR_mmap, 1, kPageSize, kReadWrite, kAnonymous | MAP_FIXED, -1, 0),
            -EINVAL);
  EXPECT_EQ(program.call(__NR_munmap, 1, kPageSize), -EINVAL);
  EXPECT_EQ(program.call(__NR_munmap, kWindowBase, 0), -EINVAL);
  EXPECT_EQ(program.call(__NR_mremap, 1, kPageSize, kPageSize, 0, 0), -EINVAL);
  EXPECT_EQ(program.call(__NR_mremap, kWindowBase, kPageSize, 2 * kPageSize, 0, 0), -EFAULT);
  EXPECT_EQ(program.call(__NR_madvise, 1, kPageSize, MADV_DONTNEED), -EINVAL);
  EXPECT_EQ(program.call(__NR_madvise, kWindowBase, kPageSize, MADV_DONTNEED), -ENOMEM);
  EXPECT_EQ(program.call(__NR_mprotect, kWindowBase, kPageSize, PROT_READ), -ENOMEM);
}

TEST_F(Memory, AFixedMappingNeverReplacesOurs) {
  void* ours = mmap(nullptr, 4 * kPageSize, kReadWrite, kAnonymous, -1, 0);
  std::memset(ours, 7, 4 * kPageSize);
  const uint64_t at = word(ours);
  EXPECT_EQ(program.call(__NR_mmap, at, kPageSize, kReadWrite, kAnonymous | MAP_FIXED, -1, 0),
            -ENOMEM);
  EXPECT_EQ(
      program.call(__NR_mmap, at, kPageSize, kReadWrite, kAnonymous | MAP_FIXED_NOREPLACE, -1, 0),
      -EEXIST);
  EXPECT_EQ(program.call(__NR_munmap, at, 4 * kPageSize), 0);
  EXPECT_EQ(program.call(__NR_mprotect, at, kPageSize, PROT_NONE), -ENOMEM);
  EXPECT_EQ(program.call(__NR_madvise, at, kPageSize, MADV_DONTNEED), -ENOMEM);
  const uint64_t mine = map(kPageSize);
  EXPECT_EQ(
      program.call(__NR_mremap, mine, kPageSize, kPageSize, MREMAP_MAYMOVE | MREMAP_FIXED, at),
      -ENOMEM);
  for (size_t i = 0; i < 4 * kPageSize; ++i) ASSERT_EQ(static_cast<uint8_t*>(ours)[i], 7);
  munmap(ours, 4 * kPageSize);
}

TEST_F(Memory, ARefusedFixedMappingLeavesNothingBehind) {
  // A free page followed by one of ours: the page before must stay free.
  auto* area = static_cast<uint8_t*>(mmap(nullptr, 2 * kPageSize, kReadWrite, kAnonymous, -1, 0));
  munmap(area, kPageSize);
  EXPECT_EQ(program.call(__NR_mmap, area, 2 * kPageSize, kReadWrite, kAnonymous | MAP_FIXED, -1, 0),
            -ENOMEM);
  void* again = mmap(area, kPageSize, kReadWrite, kAnonymous | MAP_FIXED_NOREPLACE, -1, 0);
  EXPECT_EQ(again, area);
  munmap(area, 2 * kPageSize);
}

TEST_F(Memory, AFixedMappingOverCodeIsReported) {
  const uint64_t place = map(4 * kPageSize, PROT_READ | PROT_EXEC);
  ASSERT_EQ(program.runtime.executable.size(), 1u);
  const uint64_t middle = place + kPageSize;
  EXPECT_EQ(program.call(__NR_mmap, middle, kPageSize, kReadWrite, kAnonymous | MAP_FIXED, -1, 0),
            static_cast<int64_t>(middle));
  ASSERT_EQ(program.runtime.changed.size(), 1u);
  EXPECT_EQ(program.runtime.changed[0], (AppRange{{middle}, {middle + kPageSize}}));
  EXPECT_TRUE(program.space.is_executable({{place}, {middle}}));
  EXPECT_FALSE(program.space.is_executable({{middle}, {middle + kPageSize}}));
}

TEST_F(Memory, ProtectionChangesOfCodeAreReported) {
  const uint64_t place = map(2 * kPageSize);
  EXPECT_EQ(program.call(__NR_mprotect, place, kPageSize, PROT_READ | PROT_EXEC), 0);
  ASSERT_EQ(program.runtime.executable.size(), 1u);
  EXPECT_TRUE(program.runtime.changed.empty());
  EXPECT_EQ(program.call(__NR_mprotect, place, 2 * kPageSize, PROT_READ), 0);
  EXPECT_EQ(program.runtime.changed.size(), 1u);
}

TEST_F(Memory, ChangesOfConsultedMemoryAreReported) {
  const auto consult = [this](uint64_t place) {
    return program.space.consult({{place}, {place + 8}});
  };
  const uint64_t place = map(4 * kPageSize, PROT_READ);
  ASSERT_TRUE(consult(place));
  EXPECT_EQ(program.call(__NR_mprotect, place, kPageSize, kReadWrite), 0);
  EXPECT_EQ(program.runtime.changed.size(), 1u);
  ASSERT_TRUE(consult(place + kPageSize));
  EXPECT_EQ(program.call(__NR_madvise, place + kPageSize, kPageSize, MADV_DONTNEED), 0);
  EXPECT_EQ(program.runtime.changed.size(), 2u);
  EXPECT_EQ(program.call(__NR_mremap, place, 4 * kPageSize, 3 * kPageSize, 0, 0),
            static_cast<int64_t>(place));
  EXPECT_EQ(program.runtime.changed.size(), 3u);
  EXPECT_EQ(program.call(__NR_munmap, place, 4 * kPageSize), 0);
  ASSERT_EQ(program.runtime.changed.size(), 4u);
  EXPECT_EQ(program.runtime.changed.back(),
            (AppRange{{place + kPageSize}, {place + 3 * kPageSize}}));
}

TEST_F(Memory, WhatIsConsultedWhileItsProtectionChangesIsReported) {
  // Where there is code beside it, the runtime is told of the change before it is made.
  const uint64_t code = map(2 * kPageSize, PROT_READ);
  const uint64_t data = code + kPageSize;
  ASSERT_EQ(program.call(__NR_mprotect, code, kPageSize, PROT_READ | PROT_EXEC), 0);
  program.runtime.before_protection = [&] {
    EXPECT_TRUE(program.space.consult({{data}, {data + 8}}));
  };
  EXPECT_EQ(program.call(__NR_mprotect, code, 2 * kPageSize, kReadWrite | PROT_EXEC), 0);
  EXPECT_EQ(program.runtime.changed.size(), 1u);
}

TEST_F(Memory, ProtectingDataTellsNobody) {
  const uint64_t place = map(kPageSize, PROT_READ);
  program.runtime.before_protection = [] { ADD_FAILURE() << "there is no code"; };
  EXPECT_EQ(program.call(__NR_mprotect, place, kPageSize, kReadWrite), 0);
  EXPECT_TRUE(program.runtime.changed.empty());
}

TEST_F(Memory, ProtectUpToAHoleChangesWhatLiesBeforeIt) {
  const uint64_t place = map(3 * kPageSize);
  ASSERT_EQ(program.call(__NR_munmap, place + kPageSize, kPageSize), 0);
  EXPECT_EQ(program.call(__NR_mprotect, place, 3 * kPageSize, PROT_READ), -ENOMEM);
  EXPECT_EQ(program.space.find({place})->prot, PROT_READ);
  EXPECT_EQ(program.space.find({place + 2 * kPageSize})->prot, kReadWrite);
}

TEST_F(Memory, UnmappedCodeIsReportedAndFree) {
  const uint64_t place = map(2 * kPageSize, PROT_READ | PROT_EXEC);
  EXPECT_EQ(program.call(__NR_munmap, place, 2 * kPageSize), 0);
  EXPECT_EQ(program.runtime.changed.size(), 1u);
  EXPECT_TRUE(program.space.is_free({{place}, {place + 2 * kPageSize}}));
}

TEST_F(Memory, RemapGrowsInPlaceShrinksAndMoves) {
  const uint64_t place = map(64 * kPageSize);
  const uint64_t half = 32 * kPageSize;
  std::memset(reinterpret_cast<void*>(place), 5, half);
  EXPECT_EQ(program.call(__NR_mremap, place, 2 * half, half, 0, 0), static_cast<int64_t>(place));
  EXPECT_TRUE(program.space.is_free({{place + half}, {place + 2 * half}}));
  EXPECT_EQ(program.call(__NR_mremap, place, half, 2 * half, 0, 0), static_cast<int64_t>(place));
  // Something behind it: cannot grow in place.
  const int64_t blocker = program.call(__NR_mmap, place + 2 * half, kPageSize, kReadWrite,
                                       kAnonymous | MAP_FIXED, -1, 0);
  ASSERT_FALSE(failed(blocker));
  EXPECT_EQ(program.call(__NR_mremap, place, 2 * half, 3 * half, 0, 0), -ENOMEM);
  const int64_t moved = program.call(__NR_mremap, place, 2 * half, 3 * half, MREMAP_MAYMOVE, 0);
  ASSERT_FALSE(failed(moved));
  EXPECT_NE(moved, static_cast<int64_t>(place));
  EXPECT_TRUE(kWindow.contains({static_cast<uint64_t>(moved)}));
  EXPECT_EQ(*reinterpret_cast<uint8_t*>(moved + 100), 5);
  EXPECT_TRUE(program.space.is_free({{place}, {place + 2 * half}}));
}

TEST_F(Memory, RemapOfCodeReportsBothPlaces) {
  const uint64_t place = map(kPageSize, PROT_READ | PROT_EXEC);
  const uint64_t to = map(kPageSize);
  EXPECT_EQ(
      program.call(__NR_mremap, place, kPageSize, kPageSize, MREMAP_MAYMOVE | MREMAP_FIXED, to),
      static_cast<int64_t>(to));
  EXPECT_EQ(program.runtime.changed.size(), 2u);
  EXPECT_TRUE(program.space.is_executable({{to}, {to + kPageSize}}));
}

TEST_F(Memory, BreakGrowsShrinksAndStaysWhenItCannot) {
  const auto start = static_cast<uint64_t>(program.call(__NR_brk, 0));
  EXPECT_EQ(start % kPageSize, 0u);
  EXPECT_EQ(program.call(__NR_brk, start + 10), static_cast<int64_t>(start + 10));
  *reinterpret_cast<uint8_t*>(start) = 1;
  EXPECT_EQ(program.call(__NR_brk, start + 5 * kPageSize),
            static_cast<int64_t>(start + 5 * kPageSize));
  EXPECT_EQ(program.space.find({start})->label, Label::kHeap);
  EXPECT_EQ(program.call(__NR_brk, start - 1), static_cast<int64_t>(start + 5 * kPageSize));
  EXPECT_EQ(program.call(__NR_brk, kUserEnd), static_cast<int64_t>(start + 5 * kPageSize));
  EXPECT_EQ(program.call(__NR_brk, start + kPageSize), static_cast<int64_t>(start + kPageSize));
  EXPECT_TRUE(program.space.is_free({{start + kPageSize}, {start + 5 * kPageSize}}));
  // What another mapping occupies is out of reach.
  ASSERT_FALSE(failed(program.call(__NR_mmap, start + 3 * kPageSize, kPageSize, kReadWrite,
                                   kAnonymous | MAP_FIXED, -1, 0)));
  EXPECT_EQ(program.call(__NR_brk, start + 8 * kPageSize), static_cast<int64_t>(start + kPageSize));
}

TEST_F(Memory, MemoryThatTheBreakGivesBackIsZeroWhenTakenAgain) {
  const auto start = static_cast<uint64_t>(program.call(__NR_brk, 0));
  program.call(__NR_brk, start + 2 * kPageSize);
  *reinterpret_cast<uint8_t*>(start + kPageSize) = 9;
  program.call(__NR_brk, start + kPageSize);
  program.call(__NR_brk, start + 2 * kPageSize);
  EXPECT_EQ(*reinterpret_cast<uint8_t*>(start + kPageSize), 0);
}

TEST_F(Memory, SharedSegmentsAttachInTheWindowAndDetach) {
  const int id = shmget(IPC_PRIVATE, 3 * kPageSize, 0600);
  ASSERT_GE(id, 0);
  const int64_t place = program.call(__NR_shmat, id, 0, 0);
  shmctl(id, IPC_RMID, nullptr);
  ASSERT_FALSE(failed(place));
  const auto start = static_cast<uint64_t>(place);
  EXPECT_TRUE(kWindow.contains({start}));
  EXPECT_TRUE(program.space.program_covers({{start}, {start + 3 * kPageSize}}));
  EXPECT_EQ(program.call(__NR_shmdt, place), 0);
  EXPECT_TRUE(program.space.is_free({{start}, {start + 3 * kPageSize}}));
  EXPECT_EQ(program.call(__NR_shmdt, place), -EINVAL);
}

TEST_F(Memory, AFileMappingRemembersItsFile) {
  const int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  const int64_t place = program.call(__NR_mmap, 0, 2 * kPageSize, PROT_READ, MAP_PRIVATE, fd, 0);
  close(fd);
  ASSERT_FALSE(failed(place));
  const auto mapping = program.space.find({static_cast<uint64_t>(place)});
  ASSERT_TRUE(mapping && mapping->file);
  EXPECT_NE(mapping->file->path.find("linux_syscalls"), std::string::npos);
}

}  // namespace
}  // namespace weft::linux::testing

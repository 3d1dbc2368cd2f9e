// Claims about single calls: the gate, bases, descriptors, /proc files, environment.

#include <asm/prctl.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/close_range.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "fakes.h"
#include "linux/call/file/proc_files.h"
#include "linux/call/file/proc_maps.h"
#include "linux/call/file/proc_status.h"
#include "linux/call/process/environment.h"
#include "linux/call/process/seccomp.h"
#include "linux/kernel/gate.h"
#include "linux/kernel/program_memory.h"

namespace weft::linux::testing {
namespace {

TEST(Gate, MakesTheCallOnlyIfNoSignalIsPending) {
  volatile uint64_t pending = 0;
  SyscallArguments call;
  call.number = __NR_getpid;
  EXPECT_EQ(weft_syscall_gate(&call, &pending), getpid());
  pending = 1;
  EXPECT_EQ(weft_syscall_gate(&call, &pending), kInterruptedBeforeCall);
}

TEST(Gate, PassesSixArguments) {
  volatile uint64_t pending = 0;
  SyscallArguments call;
  call.number = __NR_mmap;
  call.a[1] = 2 * kPageSize;
  call.a[2] = PROT_READ;
  call.a[3] = MAP_PRIVATE;
  call.a[4] = static_cast<uint64_t>(open("/proc/self/exe", O_RDONLY));
  call.a[5] = kPageSize;
  const int64_t place = weft_syscall_gate(&call, &pending);
  ASSERT_FALSE(failed(place));
  char expected[64];
  ASSERT_EQ(pread(static_cast<int>(call.a[4]), expected, 64, kPageSize), 64);
  EXPECT_EQ(std::memcmp(reinterpret_cast<void*>(place), expected, 64), 0);
  close(static_cast<int>(call.a[4]));
}

TEST(Gate, AddressesTellWhetherTheCallWasMade) {
  const auto at = [](const uint8_t* label) { return reinterpret_cast<uint64_t>(label); };
  EXPECT_EQ(gate_place(at(weft_gate_begin)), GatePlace::kNotMade);
  EXPECT_EQ(gate_place(at(weft_gate_syscall)), GatePlace::kNotMade);
  EXPECT_EQ(gate_place(at(weft_gate_end)), GatePlace::kMade);
  EXPECT_EQ(gate_place(at(weft_gate_begin) - 1), GatePlace::kOutside);
  EXPECT_EQ(at(weft_gate_end) - at(weft_gate_syscall), 2u);
}

TEST(Registers, AfterACallAreAsTheKernelLeavesThem) {
  Program program;
  program.self.context.rip = 0x4002;
  program.self.context.rflags = 0x246;
  EXPECT_EQ(program.call(__NR_getpid), getpid());
  EXPECT_EQ(program.self.context[x86::kRcx], 0x4002u);
  EXPECT_EQ(program.self.context[x86::kR11], 0x246u);
  EXPECT_EQ(program.self.context.rip, 0x4002u);
}

TEST(Registers, OfACallThatWasNotMadeAreUntouched) {
  Program program;
  program.self.context.rip = 0x4002;
  program.self.pending = 1;
  program.self.context[x86::kRcx] = 1;
  program.call(__NR_getpid);
  EXPECT_EQ(program.last, Outcome::kNotMade);
  EXPECT_EQ(program.self.context.rip, 0x4000u);
  EXPECT_EQ(program.self.context[x86::kRax], uint64_t{__NR_getpid});
  EXPECT_EQ(program.self.context[x86::kRcx], 1u);
}

TEST(Bases, AreTheContextsOwn) {
  Program program;
  EXPECT_EQ(program.call(__NR_arch_prctl, ARCH_SET_FS, 0x1000), 0);
  EXPECT_EQ(program.call(__NR_arch_prctl, ARCH_SET_GS, 0x2000), 0);
  EXPECT_EQ(program.self.context.fs_base, 0x1000u);
  EXPECT_EQ(program.self.context.gs_base, 0x2000u);
  uint64_t value = 0;
  EXPECT_EQ(program.call(__NR_arch_prctl, ARCH_GET_GS, &value), 0);
  EXPECT_EQ(value, 0x2000u);
  EXPECT_EQ(program.call(__NR_arch_prctl, ARCH_GET_FS, 8), -EFAULT);
  EXPECT_EQ(program.call(__NR_arch_prctl, ARCH_SET_FS, uint64_t{1} << 63), -EPERM);
}

TEST(PassedOn, AreCallsWithWhichNothingElseIsDone) {
  Program program;
  const auto passes_on = [&program](int64_t number) {
    Program::load(program.self.context, number, 0);
    return program.emulator.passes_on(program.self.thread, program.self.context);
  };
  EXPECT_TRUE(passes_on(__NR_getppid));
  EXPECT_TRUE(passes_on(__NR_close));
  EXPECT_TRUE(passes_on(100'000)) << "the kernel says that there is no such call";
  EXPECT_TRUE(passes_on(__NR_read));
  EXPECT_FALSE(passes_on(__NR_mmap));
  EXPECT_FALSE(passes_on(__NR_rt_sigaction));
  EXPECT_FALSE(passes_on(__NR_exit_group));
  program.runtime.protects = true;
  EXPECT_FALSE(passes_on(__NR_read)) << "the buffer may be on a page that is read-only now";
  program.runtime.protects = false;
  program.self.thread.seccomp = std::make_shared<const SeccompFilter>();
  EXPECT_FALSE(passes_on(__NR_getppid)) << "a filter decides";
}

TEST(Refused, AreCallsThatCannotWorkInTheCache) {
  Program program;
  EXPECT_EQ(program.call(__NR_rseq, 0, 0, 0, 0), -ENOSYS);
  EXPECT_EQ(program.call(__NR_prctl, PR_SET_SYSCALL_USER_DISPATCH, 1, 0, 0, 0), -EINVAL);
}

TEST(Descriptors, OfOursSurviveWhatTheProgramDoes) {
  Program program;
  const int kept = program.emulator.keep_descriptor(open("/dev/null", O_RDONLY));
  ASSERT_GE(kept, 0);
  EXPECT_EQ(program.call(__NR_close, kept), -EBADF);
  EXPECT_EQ(program.call(__NR_dup2, 0, kept), -EBADF);
  EXPECT_EQ(program.call(__NR_dup, kept), -EBADF);
  const int theirs = dup2(0, kept + 1);
  const int before = dup2(0, kept - 1);
  EXPECT_EQ(program.call(__NR_close_range, kept - 1, ~0U, 0), 0);
  EXPECT_EQ(fcntl(theirs, F_GETFD), -1);
  EXPECT_EQ(fcntl(before, F_GETFD), -1);
  EXPECT_EQ(fcntl(kept, F_GETFD), FD_CLOEXEC);
  program.emulator.release_descriptor(kept);
  EXPECT_EQ(fcntl(kept, F_GETFD), -1);
}

TEST(ProcPaths, AreRecognizedInEverySpelling) {
  const auto is = [](std::string_view path) { return classify_proc_path(path, 42, 43); };
  EXPECT_EQ(is("/proc/self/exe"), ProcFile::kExecutable);
  EXPECT_EQ(is("/proc//self/./exe"), ProcFile::kExecutable);
  EXPECT_EQ(is("/proc/42/exe"), ProcFile::kExecutable);
  EXPECT_EQ(is("/proc/43/maps"), ProcFile::kMaps);
  EXPECT_EQ(is("/proc/thread-self/maps"), ProcFile::kMaps);
  EXPECT_EQ(is("/proc/self/task/43/maps"), ProcFile::kMaps);
  EXPECT_EQ(is("/proc/41/exe"), ProcFile::kNone);
  EXPECT_EQ(is("/proc/self/exec"), ProcFile::kNone);
  EXPECT_EQ(is("/proc/self/fd/exe"), ProcFile::kNone);
  EXPECT_EQ(is("/tmp/self/exe"), ProcFile::kNone);
}

class ProcCalls : public ::testing::Test {
 protected:
  ProcCalls() : program(image()) {}
  static ProgramImage image() {
    ProgramImage made;
    made.path = "/usr/bin/env";
    made.arguments = {"env", "-i"};
    made.auxv = {1, 2, 3};
    return made;
  }
  std::string content(const char* path) {
    const int64_t fd = program.call(__NR_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
    EXPECT_FALSE(failed(fd)) << path;
    std::string text(1 << 16, '\0');
    size_t size = 0;
    while (true) {
      const int64_t count = program.call(__NR_read, fd, text.data() + size, text.size() - size);
      if (count <= 0) break;
      size += static_cast<size_t>(count);
    }
    close(static_cast<int>(fd));
    text.resize(size);
    return text;
  }
  Program program;
};

TEST_F(ProcCalls, TheExecutableIsTheProgram) {
  char buffer[64] = {};
  EXPECT_EQ(program.call(__NR_readlink, "/proc/self/exe", buffer, sizeof buffer), 12);
  EXPECT_STREQ(buffer, "/usr/bin/env");
  EXPECT_EQ(program.call(__NR_readlinkat, AT_FDCWD, "/proc/self/exe", buffer, 4), 4);
  EXPECT_EQ(program.call(__NR_readlink, "/proc/self/exe", 8, 64), -EFAULT);
  EXPECT_EQ(program.call(__NR_readlink, "/proc/self/exe", buffer, 0), -EINVAL);
  struct stat ours {};
  struct stat theirs {};
  ASSERT_EQ(stat("/usr/bin/env", &theirs), 0);
  EXPECT_EQ(program.call(__NR_stat, "/proc/self/exe", &ours), 0);
  EXPECT_EQ(ours.st_ino, theirs.st_ino);
  const int64_t fd = program.call(__NR_open, "/proc/self/exe", O_RDONLY);
  ASSERT_FALSE(failed(fd));
  EXPECT_EQ(fstat(static_cast<int>(fd), &ours), 0);
  close(static_cast<int>(fd));
  EXPECT_EQ(ours.st_ino, theirs.st_ino);
  EXPECT_EQ(program.call(__NR_open, "/proc/self/exe", O_RDONLY | O_NOFOLLOW), -ELOOP);
}

TEST_F(ProcCalls, TheExecutableIsFoundThroughADirectory) {
  const int directory = open("/proc/self", O_PATH | O_DIRECTORY);
  char buffer[64] = {};
  EXPECT_EQ(program.call(__NR_readlinkat, directory, "exe", buffer, sizeof buffer), 12);
  EXPECT_STREQ(buffer, "/usr/bin/env");
  close(directory);
}

TEST_F(ProcCalls, ArgumentsAndVectorAreTheProgramsOwn) {
  EXPECT_EQ(content("/proc/self/cmdline"), std::string("env\0-i\0", 7));
  EXPECT_EQ(content("/proc/self/auxv"), std::string("\1\2\3"));
}

TEST_F(ProcCalls, TheMapListsTheProgramAlone) {
  const int64_t place = program.call(__NR_mmap, 0, 2 * kPageSize, PROT_READ | PROT_WRITE,
                                     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_FALSE(failed(place));
  const std::string text = content("/proc/self/maps");
  char line[64];
  snprintf(line, sizeof line, "%08lx-%08lx rw-p", static_cast<unsigned long>(place),
           static_cast<unsigned long>(place) + 2 * kPageSize);
  EXPECT_NE(text.find(line), std::string::npos) << text;
  EXPECT_EQ(text.find("linux_syscalls"), std::string::npos) << text;
  EXPECT_NE(text.find("[stack]"), std::string::npos) << text;
  EXPECT_NE(content("/proc/self/smaps").find("Rss:"), std::string::npos);
}

Mapping mapping(uint64_t start, uint64_t end, int prot, Label label = Label::kNone) {
  Mapping made;
  made.range = {{start}, {end}};
  made.prot = prot;
  made.label = label;
  return made;
}

/// Fed in pieces of every size, the answer is the same.
std::string filter_maps(std::string_view kernel, const std::vector<Mapping>& program) {
  std::string whole;
  for (size_t piece = kernel.size(); piece > 0; --piece) {
    MapsFilter filter(program);
    for (size_t at = 0; at < kernel.size(); at += piece) filter.feed(kernel.substr(at, piece));
    filter.finish();
    if (whole.empty()) whole = filter.text();
    EXPECT_EQ(filter.text(), whole) << piece;
  }
  return whole;
}

TEST(FilterMaps, ClipsToTheProgramAndCorrectsOffsets) {
  const std::string kernel =
      "1000-5000 r--p 00002000 fe:00 77                         /lib/x.so\n"
      "6000-7000 rw-p 00000000 00:00 0 \n";
  const std::vector<Mapping> program = {mapping(0x2000, 0x3000, PROT_READ | PROT_EXEC)};
  EXPECT_EQ(filter_maps(kernel, program),
            "00002000-00003000 r-xp 00003000 fe:00 77" + std::string(33, ' ') + "/lib/x.so\n");
}

TEST(FilterMaps, JoinsWhatOnlyOurProtectionSplit) {
  const std::string kernel =
      "00001000-00002000 r-xp 00000000 00:00 0 \n"
      "00002000-00003000 rwxp 00000000 00:00 0 \n";
  const std::vector<Mapping> program = {
      mapping(0x1000, 0x3000, PROT_READ | PROT_WRITE | PROT_EXEC)};
  EXPECT_EQ(filter_maps(kernel, program), "00001000-00003000 rwxp 00000000 00:00 0 \n");
}

TEST(FilterMaps, NamesTheHeapAndKeepsTheStack) {
  const std::string kernel =
      "00001000-00002000 rw-p 00000000 00:00 0 \n"
      "00005000-00006000 rw-p 00000000 00:00 0                                  [heap]\n"
      "7ff000000000-7ff000021000 rw-p 00000000 00:00 0                          [stack]\n";
  const std::vector<Mapping> program = {
      mapping(0x1000, 0x2000, PROT_READ | PROT_WRITE, Label::kHeap)};
  EXPECT_EQ(filter_maps(kernel, program),
            "00001000-00002000 rw-p 00000000 00:00 0" + std::string(34, ' ') + "[heap]\n" +
                "7ff000000000-7ff000021000 rw-p 00000000 00:00 0                          "
                "[stack]\n");
}

TEST(FilterMaps, KeepsTheLinesOfDetailWithTheirArea) {
  const std::string kernel =
      "00001000-00002000 rw-p 00000000 00:00 0 \nRss:  4 kB\nVmFlags: rd wr\n"
      "00002000-00003000 rw-p 00000000 00:00 0 \nRss:  8 kB\nVmFlags: rd wr\n"
      "00005000-00006000 rw-p 00000000 00:00 0 \nRss: 12 kB\nVmFlags: rd wr\n";
  const std::vector<Mapping> program = {mapping(0x1000, 0x3000, PROT_READ | PROT_WRITE)};
  EXPECT_EQ(filter_maps(kernel, program), kernel.substr(0, kernel.find("00005000")));
}

TEST(FilterMaps, TellsWhatIsKnownBeforeTheRestIsFed) {
  MapsFilter filter({mapping(0x1000, 0x2000, PROT_READ), mapping(0x3000, 0x4000, PROT_READ)});
  filter.feed("00001000-00002000 r--p 00000000 00:00 0 \n00003000-0000");
  EXPECT_EQ(filter.text(), "");
  filter.feed("4000 r--p 00000000 00:00 0 \n00005000-00006000 r--p 00000000 00:00 0 \n");
  EXPECT_EQ(filter.text(), "00001000-00002000 r--p 00000000 00:00 0 \n");
}

TEST(AdjustStatus, ReplacesSizesAndSignalSetsAlone) {
  ProcessView view;
  view.size = 8 << 20;
  view.data_size = 1 << 20;
  view.caught = 2;
  EXPECT_EQ(adjust_status("Name:\tx\nVmSize:\t 99999999 kB\nVmData:\t    9999 kB\n"
                          "SigQ:\t0/5\nSigCgt:\t0000000040000000\n",
                          view),
            "Name:\tx\nVmSize:\t    8192 kB\nVmData:\t    1024 kB\n"
            "SigQ:\t0/5\nSigCgt:\t0000000000000002\n");
}

TEST(AdjustStat, CountsFieldsFromTheNamesEnd) {
  std::string text = "7 (a ) b) S";
  for (int field = 4; field <= 52; ++field) text += " " + std::to_string(field);
  ProcessView view;
  view.size = 4096;
  view.blocked = 1;
  view.ignored = 2;
  view.caught = 4;
  const std::string changed = adjust_stat(text + "\n", view);
  EXPECT_NE(changed.find(" 22 4096 24 "), std::string::npos) << changed;
  EXPECT_NE(changed.find(" 31 1 2 4 35 "), std::string::npos) << changed;
  EXPECT_TRUE(changed.ends_with(" 51 52\n"));
  EXPECT_EQ(adjust_stat("nonsense", view), "nonsense");
}

TEST(AdjustStatm, ReplacesWhatCountsReservations) {
  ProcessView view;
  view.size = 10 * kPageSize;
  view.data_size = 3 * kPageSize;
  EXPECT_EQ(adjust_statm("900 20 5 1 0 800 0\n", view), "10 20 5 1 0 3 0\n");
}

TEST_F(ProcCalls, TheStatusShowsTheProgramsSignals) {
  EXPECT_NE(content("/proc/self/status").find("SigCgt:\t0000000000004000\n"), std::string::npos);
  EXPECT_NE(content("/proc/self/status").find("SigIgn:\t0000000000001000\n"), std::string::npos);
}

TEST(Environment, HidesWhatTheLoaderReadsAndBringsItBack) {
  const std::vector<const char*> given = {"HOME=/", "LD_PRELOAD=a", "WEFT_ENV_X=1",
                                          "GLIBC_TUNABLES=b"};
  std::vector<std::string> owned;
  const auto hidden = hide_environment(given, &owned);
  for (const char* variable : hidden) {
    EXPECT_NE(std::strncmp(variable, "LD_", 3), 0);
    EXPECT_NE(std::strncmp(variable, "GLIBC_", 6), 0);
  }
  const auto back = unhide_environment(hidden);
  ASSERT_EQ(back.size(), given.size());
  for (size_t i = 0; i < given.size(); ++i) EXPECT_STREQ(back[i], given[i]);
}

TEST(ProgramMemory, AnswersInsteadOfFaulting) {
  let_copies_fail();
  uint64_t value = 0;
  EXPECT_FALSE(read_program(&value, 8));
  EXPECT_FALSE(write_program(8, value));
  const uint64_t there = 5;
  EXPECT_TRUE(read_program(&value, reinterpret_cast<uint64_t>(&there)));
  EXPECT_EQ(value, 5u);
}

TEST(ProgramMemory, StringsMayEndAtTheLastByteOfAMapping) {
  let_copies_fail();
  auto* page = static_cast<char*>(
      mmap(nullptr, 2 * kPageSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  munmap(page + kPageSize, kPageSize);
  std::memcpy(page + kPageSize - 4, "abc", 4);
  std::string text;
  EXPECT_EQ(read_program_string(&text, word(page + kPageSize - 4), 4096), 0);
  EXPECT_EQ(text, "abc");
  page[kPageSize - 1] = 'd';
  EXPECT_EQ(read_program_string(&text, word(page + kPageSize - 4), 4096), -EFAULT);
  EXPECT_EQ(read_program_string(&text, word(page + kPageSize - 4), 3), -ENAMETOOLONG);
  munmap(page, kPageSize);
}

}  // namespace
}  // namespace weft::linux::testing

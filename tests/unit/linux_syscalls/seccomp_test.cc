// Claims about seccomp filters: what they decide is what the kernel would decide, on the program's
// calls alone.

#include "linux/call/process/seccomp.h"

#include <gtest/gtest.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <random>
#include <vector>

#include "fakes.h"
#include "linux/call/process/bpf.h"

namespace weft::linux::testing {
namespace {

using Filter = std::vector<sock_filter>;

constexpr sock_filter kLoadNumber = BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr));

/// `action` for one system call, and everything else allowed.
Filter deny(uint32_t number, uint32_t action) {
  return {kLoadNumber, BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
          BPF_STMT(BPF_RET | BPF_K, action), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
}

sock_fprog as_program(Filter& filter) {
  return {static_cast<unsigned short>(filter.size()), filter.data()};
}

int64_t install(Program& program, Filter filter, uint64_t flags = 0) {
  program.call(__NR_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  const sock_fprog given = as_program(filter);
  return program.call(__NR_seccomp, SECCOMP_SET_MODE_FILTER, flags, &given);
}

/// Filters stay with their thread, so each test has a child of its own.
template <typename Body>
int status_of_child(Body body) {
  const pid_t child = fork();
  if (child == 0) _exit(body() ? 0 : 1);
  int status = 0;
  waitpid(child, &status, 0);
  return status;
}

template <typename Body>
bool holds_in_child(Body body) {
  return status_of_child(body) == 0;
}

TEST(Seccomp, RefusesTheProgramsCallsAndNotOurs) {
  EXPECT_TRUE(holds_in_child([] {
    Program program;
    if (install(program, deny(__NR_getppid, SECCOMP_RET_ERRNO | 77)) != 0) return false;
    return program.call(__NR_getppid) == -77 && program.call(__NR_getpid) == getpid() &&
           getppid() > 0;
  }));
}

TEST(Seccomp, ShowsItsModeAsNatively) {
  EXPECT_TRUE(holds_in_child([] {
    Program program;
    if (program.call(__NR_prctl, PR_GET_SECCOMP, 0, 0, 0, 0) != 0) return false;
    if (install(program, deny(__NR_getppid, SECCOMP_RET_ERRNO | 1)) != 0) return false;
    return program.call(__NR_prctl, PR_GET_SECCOMP, 0, 0, 0, 0) == SECCOMP_MODE_FILTER;
  }));
}

TEST(Seccomp, TheMostSevereOfSeveralFiltersDecides) {
  EXPECT_TRUE(holds_in_child([] {
    Program program;
    install(program, deny(__NR_getppid, SECCOMP_RET_ERRNO | 5));
    install(program, deny(__NR_getppid, SECCOMP_RET_TRACE));
    if (program.call(__NR_getppid) != -5) return false;
    install(program, deny(__NR_getppid, SECCOMP_RET_TRAP | 9));
    program.self.context.rip = 0x4002;
    program.call(__NR_getppid);
    return program.signals.forced.si_signo == SIGSYS && program.signals.forced.si_errno == 9 &&
           program.signals.forced.si_syscall == __NR_getppid &&
           program.signals.forced.si_call_addr == reinterpret_cast<void*>(0x4002) &&
           program.self.context[x86::kRax] == __NR_getppid;
  }));
}

TEST(Seccomp, WrongFiltersGetTheKernelsErrors) {
  EXPECT_TRUE(holds_in_child([] {
    Program program;
    const Filter no_return = {kLoadNumber};
    const Filter bad_load = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 63),
                             BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
    return install(program, no_return) == -EINVAL && install(program, bad_load) == -EINVAL &&
           install(program, {}) == -EINVAL &&
           program.call(__NR_seccomp, SECCOMP_SET_MODE_FILTER, 0, 8) == -EFAULT &&
           program.call(__NR_getppid) > 0;
  }));
}

TEST(Seccomp, WithoutPrivilegeItNeedsNoNewPrivileges) {
  EXPECT_TRUE(holds_in_child([] {
    if (geteuid() == 0 && setuid(65534) != 0) return false;
    Program program;
    Filter filter = deny(__NR_getppid, SECCOMP_RET_ERRNO);
    const sock_fprog given = as_program(filter);
    return program.call(__NR_seccomp, SECCOMP_SET_MODE_FILTER, 0, &given) == -EACCES;
  }));
}

TEST(Seccomp, KillsTheProcessWithItsSignal) {
  const int status = status_of_child([] {
    Program program;
    install(program, deny(__NR_getppid, SECCOMP_RET_KILL_PROCESS));
    program.call(__NR_getppid);
    return true;
  });
  EXPECT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(WTERMSIG(status), SIGSYS);
}

TEST(Seccomp, StrictModeLeavesFourCalls) {
  const int status = status_of_child([] {
    Program program;
    if (program.call(__NR_prctl, PR_SET_SECCOMP, SECCOMP_MODE_STRICT, 0, 0, 0) != 0) return true;
    if (program.call(__NR_write, -1, "x", 1) != -EBADF) return true;
    program.call(__NR_getpid);
    return true;
  });
  EXPECT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(WTERMSIG(status), SIGKILL);
}

TEST(Seccomp, SynchronizedFiltersReachOtherThreads) {
  EXPECT_TRUE(holds_in_child([] {
    Program program;
    FakeThread other;
    if (install(program, deny(__NR_getppid, SECCOMP_RET_ERRNO | 3), SECCOMP_FILTER_FLAG_TSYNC) !=
        0) {
      return false;
    }
    return program.call_on(other, __NR_getppid) == -3;
  }));
}

TEST(Seccomp, FiltersSurviveTheWayToTheNextImage) {
  auto older = std::make_shared<SeccompFilter>();
  older->program = deny(1, SECCOMP_RET_ERRNO | 1);
  SeccompFilter newest;
  newest.program = deny(2, SECCOMP_RET_ERRNO | 2);
  newest.older = older;
  const int fd = save_seccomp(&newest);
  ASSERT_GE(fd, 0);
  const auto loaded = load_seccomp(fd);
  ASSERT_TRUE(loaded && loaded->older);
  EXPECT_EQ(loaded->older->older, nullptr);
  SyscallArguments call;
  call.number = 1;
  EXPECT_EQ(judge(loaded.get(), call, 0).data, 1);
  call.number = 2;
  EXPECT_EQ(judge(loaded.get(), call, 0).data, 2);
}

/// A random program of arithmetic and jumps whose result is the errno that getppid fails with.
Filter random_filter(std::mt19937& random) {
  const auto below = [&random](uint32_t bound) { return static_cast<uint32_t>(random()) % bound; };
  Filter filter = {kLoadNumber, BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_getppid, 1, 0),
                   BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  for (uint16_t slot = 0; slot < 4; ++slot) filter.push_back(BPF_STMT(BPF_ST, slot));
  const uint16_t operations[] = {BPF_ADD, BPF_SUB, BPF_MUL, BPF_OR,  BPF_AND,
                                 BPF_XOR, BPF_LSH, BPF_RSH, BPF_NEG, BPF_DIV};
  const uint16_t tests[] = {BPF_JEQ, BPF_JGT, BPF_JGE, BPF_JSET};
  for (int i = 0; i < 40; ++i) {
    const auto source = static_cast<uint16_t>(below(2) == 0 ? BPF_K : BPF_X);
    switch (below(8)) {
      case 0:
        filter.push_back(BPF_STMT(BPF_LD | BPF_IMM, static_cast<uint32_t>(random())));
        break;
      case 1:
        filter.push_back(BPF_STMT(BPF_LDX | BPF_IMM, static_cast<uint32_t>(random())));
        break;
      case 2:
        filter.push_back(BPF_STMT(BPF_LD | BPF_MEM, below(4)));
        break;
      case 3:
        filter.push_back(BPF_STMT(BPF_ST, below(4)));
        break;
      case 4:
        filter.push_back(BPF_STMT(BPF_MISC | BPF_TAX, 0));
        break;
      case 5:
        filter.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 4 * below(16)));
        break;
      default: {
        const uint16_t operation = operations[below(10)];
        const bool shift = operation == BPF_LSH || operation == BPF_RSH;
        // A division by 0 in x would kill the process; negation has one form only.
        const auto from = operation == BPF_DIV || operation == BPF_NEG ? uint16_t{BPF_K} : source;
        const auto code = static_cast<uint16_t>(BPF_ALU | operation | from);
        filter.push_back(BPF_STMT(code, shift ? below(32) : static_cast<uint32_t>(random()) | 1));
        filter.push_back(BPF_JUMP(static_cast<uint16_t>(BPF_JMP | tests[below(4)] | source),
                                  static_cast<uint32_t>(random()), 0, 1));
        filter.push_back(BPF_STMT(BPF_MISC | BPF_TXA, 0));
        break;
      }
    }
  }
  filter.push_back(BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xfff));
  filter.push_back(BPF_STMT(BPF_ALU | BPF_OR | BPF_K, SECCOMP_RET_ERRNO));
  filter.push_back(BPF_STMT(BPF_RET | BPF_A, 0));
  return filter;
}

TEST(Bpf, RandomProgramsReturnWhatTheKernelsReturn) {
  std::mt19937 random(4711);  // fixed: a failure repeats
  for (int round = 0; round < 300; ++round) {
    Filter filter = random_filter(random);
    const bool same = holds_in_child([&filter] {
      seccomp_data data{};
      data.nr = __NR_getppid;
      data.arch = AUDIT_ARCH_X86_64;
      data.args[0] = 0x1122334455667788;
      data.args[5] = 0x99aabbccddeeff00;
      const uint32_t ours = run_bpf(filter, data) & 0xfff;
      // The instruction pointer is the one thing that differs: no filter may look at it here.
      for (sock_filter& insn : filter) {
        if (insn.code == (BPF_LD | BPF_W | BPF_ABS) && (insn.k == 8 || insn.k == 12)) return true;
      }
      prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
      const sock_fprog given = as_program(filter);
      if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &given) != 0) return false;
      const int64_t result = raw_syscall(__NR_getppid, data.args[0], 0, 0, 0, 0, data.args[5]);
      return result == -static_cast<int64_t>(ours);
    });
    ASSERT_TRUE(same) << "round " << round;
  }
}

}  // namespace
}  // namespace weft::linux::testing

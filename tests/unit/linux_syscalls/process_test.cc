// Claims about clone in all its forms, exit and execve, with C++ functions in place of programs.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/sched.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <thread>

#include "fakes.h"
#include "linux/call/process/clone.h"
#include "linux/call/process/exec.h"

namespace weft::linux::testing {
namespace {

constexpr uint64_t kThreadFlags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD |
                                  CLONE_SYSVSEM | CLONE_SETTLS | CLONE_PARENT_SETTID |
                                  CLONE_CHILD_CLEARTID;

int wait_status(int64_t pid) {
  int status = 0;
  EXPECT_EQ(waitpid(static_cast<pid_t>(pid), &status, 0), pid);
  return status;
}

TEST(Threads, StartWithTheirOwnStackAndTlsAndTheResultZero) {
  Program program;
  std::atomic<uint64_t> rsp{1};
  std::atomic<uint64_t> fs{1};
  std::atomic<uint64_t> rax{1};
  program.runtime.thread_body = [&](FakeThread& self) {
    rsp = self.context[x86::kRsp];
    fs = self.context.fs_base;
    rax = self.context[x86::kRax];
    program.call_on(self, __NR_exit, 0);
  };
  std::atomic<int32_t> tid{0};
  std::atomic<int32_t> cleared{77};
  const int64_t result = program.call(__NR_clone, kThreadFlags, 0x5000, &tid, &cleared, 0x6000);
  ASSERT_GT(result, 0);
  EXPECT_EQ(tid.load(), result);
  while (cleared.load() != 0) std::this_thread::yield();  // the kernel's word that it has ended
  EXPECT_EQ(rsp, 0x5000u);
  EXPECT_EQ(fs, 0x6000u);
  EXPECT_EQ(rax, 0u);
}

TEST(Threads, AreGoneForTheKernelOnceTheirTidIsCleared) {
  Program program;
  program.runtime.thread_body = [&](FakeThread& self) { program.call_on(self, __NR_exit, 0); };
  for (int i = 0; i < 200; ++i) {
    std::atomic<int32_t> tid{0};
    std::atomic<int32_t> cleared{77};
    ASSERT_GT(program.call(__NR_clone, kThreadFlags, 0x5000, &tid, &cleared, 0x6000), 0);
    while (cleared.load() != 0) std::this_thread::yield();
  }
  // None of them, nor a stack of theirs, is waiting to be joined: the process can still do what
  // only single-threaded ones may.
  usleep(20000);
  EXPECT_EQ(unshare(CLONE_VM), 0);
}

TEST(Threads, WrongFlagsGetTheKernelsErrors) {
  Program program;
  EXPECT_EQ(program.call(__NR_clone, CLONE_THREAD | CLONE_VM, 0, 0, 0, 0), -EINVAL);
  EXPECT_EQ(program.call(__NR_clone, CLONE_SIGHAND, 0, 0, 0, 0), -EINVAL);
  EXPECT_EQ(program.call(__NR_clone, CLONE_FS | CLONE_NEWNS, 0, 0, 0, 0), -EINVAL);
  clone_args args{};
  EXPECT_EQ(program.call(__NR_clone3, &args, 8), -EINVAL);
  EXPECT_EQ(program.call(__NR_clone3, 8, sizeof args), -EFAULT);
  args.stack = 0x5000;  // without a size
  EXPECT_EQ(program.call(__NR_clone3, &args, sizeof args), -EINVAL);
}

TEST(Fork, ReturnsInBothWithTheChildsNumbers) {
  Program program;
  std::atomic<int32_t> child_tid{0};
  std::atomic<int32_t> parent_tid{0};
  const int64_t result = program.call(
      __NR_clone, CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | CLONE_PARENT_SETTID | SIGCHLD, 0,
      &parent_tid, &child_tid, 0);
  if (result == 0) {
    const bool right = program.self.thread.pid == getpid() && program.self.thread.tid == getpid() &&
                       child_tid == getpid();
    program.call(__NR_exit_group, right ? 5 : 6);
  }
  EXPECT_EQ(parent_tid, result);
  EXPECT_EQ(child_tid, 0);
  const int status = wait_status(result);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 5);
}

TEST(Fork, WithFlagsThatLibcHasNotStillReturnsInBoth) {
  Program program;
  int pidfd = -1;
  clone_args args{};
  args.flags = CLONE_PIDFD;
  args.pidfd = reinterpret_cast<uint64_t>(&pidfd);
  args.exit_signal = SIGCHLD;
  const int64_t result = program.call(__NR_clone3, &args, sizeof args);
  if (result == 0) program.call(__NR_exit_group, 5);
  ASSERT_GT(result, 0);
  EXPECT_GE(pidfd, 0);
  close(pidfd);
  EXPECT_EQ(WEXITSTATUS(wait_status(result)), 5);
}

TEST(Fork, ChildsThreadsRunToo) {
  Program program;
  program.runtime.thread_body = [&](FakeThread& self) { program.call_on(self, __NR_exit, 0); };
  std::atomic<int32_t> tid{0};
  std::atomic<int32_t> cleared{77};
  ASSERT_GT(program.call(__NR_clone, kThreadFlags, 0x5000, &tid, &cleared, 0x6000), 0);
  while (cleared.load() != 0) std::this_thread::yield();
  const int64_t result = program.call(__NR_fork);
  if (result == 0) {
    cleared = 77;
    if (program.call(__NR_clone, kThreadFlags, 0x5000, &tid, &cleared, 0x6000) <= 0) _exit(1);
    while (cleared.load() != 0) std::this_thread::yield();
    program.call(__NR_exit, 3);
  }
  EXPECT_EQ(WEXITSTATUS(wait_status(result)), 3);
}

TEST(Fork, WaitsBehindASignalThatIsPending) {
  Program program;
  program.self.pending = 1;
  program.self.context.rip = 0x1002;
  program.call(__NR_fork);
  EXPECT_EQ(program.last, Outcome::kNotMade);
  EXPECT_EQ(program.self.context.rip, 0x1000u);
  EXPECT_EQ(program.self.context[x86::kRax], uint64_t{__NR_fork});
}

TEST(Vfork, ChildRunsInTheParentsMemoryWhileItWaits) {
  Program program;
  int shared = 0;
  program.self.context.fs_base = 123;
  program.runtime.borrowed_body = [&](ProgramThread& thread) {
    shared = thread.borrowed && thread.pid == getpid() ? 1 : 2;
    usleep(20000);
    if (shared == 1 && (*thread.context)[x86::kRax] == 0) shared = 3;
    thread.context->fs_base = 456;
    Program::load(*thread.context, __NR_exit_group, 9);
    program.emulator.handle(thread, *thread.context);
  };
  const pid_t self = getpid();
  const int64_t result = program.call(__NR_vfork);
  EXPECT_EQ(shared, 3);
  EXPECT_FALSE(program.self.thread.borrowed);
  EXPECT_EQ(program.self.thread.pid, self);
  EXPECT_EQ(program.self.context.fs_base, 123u);
  EXPECT_EQ(WEXITSTATUS(wait_status(result)), 9);
}

TEST(Vfork, AFailedExecReportsItsErrorInTheChild) {
  Program program;
  int64_t error = 0;
  program.runtime.borrowed_body = [&](ProgramThread& thread) {
    const char* argv[] = {"x", nullptr};
    Program::load(*thread.context, __NR_execve, "/nonexistent/x", argv, nullptr);
    program.emulator.handle(thread, *thread.context);
    error = static_cast<int64_t>((*thread.context)[x86::kRax]);
    Program::load(*thread.context, __NR_exit, 4);
    program.emulator.handle(thread, *thread.context);
  };
  const int64_t result = program.call(__NR_vfork);
  EXPECT_EQ(error, -ENOENT);
  EXPECT_EQ(WEXITSTATUS(wait_status(result)), 4);
}

TEST(Vfork, ExecReplacesTheChildOnly) {
  FollowOptions native;
  native.follow = false;
  Program program({}, native);
  program.runtime.borrowed_body = [&](ProgramThread& thread) {
    const char* argv[] = {"false", nullptr};
    Program::load(*thread.context, __NR_execve, "/bin/false", argv, nullptr);
    program.emulator.handle(thread, *thread.context);
  };
  const int64_t result = program.call(__NR_vfork);
  EXPECT_EQ(WEXITSTATUS(wait_status(result)), 1);
}

TEST(SharedMemoryProcess, RunsBesideItsParentInTheSameMemory) {
  Program program;
  std::atomic<int> stage{0};
  std::atomic<pid_t> child_pid{0};
  program.runtime.borrowed_body = [&](ProgramThread& thread) {
    child_pid = thread.pid;
    stage = 1;
    while (stage != 2) std::this_thread::yield();  // only if the parent runs meanwhile
    Program::load(*thread.context, __NR_exit, 6);
    program.emulator.handle(thread, *thread.context);
  };
  std::atomic<int32_t> parent_tid{0};
  const int64_t result =
      program.call(__NR_clone, CLONE_VM | CLONE_PARENT_SETTID | SIGCHLD, 0x7000, &parent_tid, 0, 0);
  ASSERT_GT(result, 0);
  while (stage != 1) std::this_thread::yield();
  EXPECT_EQ(child_pid, result);
  EXPECT_EQ(parent_tid, result);
  stage = 2;
  EXPECT_EQ(WEXITSTATUS(wait_status(result)), 6);
}

TEST(Exec, TheFollowCommandNamesTheFileAndKeepsArgumentsApart) {
  FollowOptions options;
  options.arguments = {"run", "--stats"};
  const FollowCommand command = follow_command(options, {"/bin/x", "", -1, -1, "", "112,,7"},
                                               {"-x", "--", "a b"}, {"A=1", "LD_PRELOAD=z.so"});
  std::vector<std::string> argv(command.argv.begin(), command.argv.end() - 1);
  EXPECT_EQ(argv, (std::vector<std::string>{"weft", "run", "--stats", "--exec-kept=112,,7",
                                            "--exec-path=/bin/x", "--", "-x", "--", "a b"}));
  EXPECT_EQ(command.argv.back(), nullptr);
  std::vector<std::string> envp(command.envp.begin(), command.envp.end() - 1);
  EXPECT_EQ(envp, (std::vector<std::string>{"A=1", "WEFT_ENV_LD_PRELOAD=z.so"}));
}

TEST(Exec, NoArgumentsBecomeOneThatIsEmpty) {
  const FollowCommand command =
      follow_command({}, {"/bin/x", "/proc/self/exe", 7, 8, "", ""}, {}, {});
  std::vector<std::string> argv(command.argv.begin(), command.argv.end() - 1);
  EXPECT_EQ(argv,
            (std::vector<std::string>{"weft", "--exec-path=/bin/x", "--exec-name=/proc/self/exe",
                                      "--exec-fd=7", "--seccomp-fd=8", "--", ""}));
}

TEST(Exec, FailsAsTheKernelDoesAndLeavesSignalsAsTheyWere) {
  Program program;
  const char* argv[] = {"x", nullptr};
  const char* bad[] = {reinterpret_cast<const char*>(8), nullptr};
  EXPECT_EQ(program.call(__NR_execve, 8, argv, nullptr), -EFAULT);
  EXPECT_EQ(program.call(__NR_execve, "", argv, nullptr), -ENOENT);
  EXPECT_EQ(program.call(__NR_execve, "/nonexistent", argv, nullptr), -ENOENT);
  EXPECT_EQ(program.call(__NR_execve, "/etc/passwd/x", argv, nullptr), -ENOTDIR);
  EXPECT_EQ(program.call(__NR_execve, "/tmp", argv, nullptr), -EACCES);
  EXPECT_EQ(program.call(__NR_execve, "/etc/passwd", argv, nullptr), -EACCES);
  EXPECT_EQ(program.call(__NR_execve, "/bin/true", bad, nullptr), -EFAULT);
  EXPECT_EQ(program.call(__NR_execveat, 999, "true", argv, nullptr, 0), -EBADF);
  EXPECT_EQ(program.call(__NR_execveat, AT_FDCWD, "", argv, nullptr, 0), -ENOENT);
  EXPECT_EQ(program.call(__NR_execveat, AT_FDCWD, "/bin/true", argv, nullptr, 1 << 20), -EINVAL);
  EXPECT_EQ(program.signals.prepared, program.signals.undone);
}

}  // namespace
}  // namespace weft::linux::testing

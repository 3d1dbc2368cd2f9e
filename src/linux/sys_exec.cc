#include "linux/sys_exec.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

#include "base/log.h"
#include "linux/launch.h"
#include "linux/raw_syscall.h"
#include "linux/sys_emulator.h"
#include "linux/sys_environment.h"
#include "linux/sys_program_memory.h"
#include "linux/sys_seccomp.h"
#include "linux/unique_fd.h"

namespace weft::linux {
namespace {

constexpr size_t kPathLimit = 4096;
/// Of the calling thread: the process's first thread, which "self" stands for, may have ended.
constexpr char kOurselves[] = "/proc/thread-self/exe";

std::string fd_link(int fd) { return "/proc/thread-self/fd/" + std::to_string(fd); }

/// The path behind an open descriptor, if that path still leads to the same file; else empty.
std::string path_of_fd(int fd) {
  char buffer[kPathLimit];
  const std::string link = fd_link(fd);
  const int64_t length =
      raw_syscall(__NR_readlink, word(link.c_str()), word(buffer), sizeof buffer);
  if (failed(length)) return {};
  std::string path(buffer, static_cast<size_t>(length));
  struct stat by_fd {};
  struct stat by_path {};
  if (failed(raw_syscall(__NR_fstat, static_cast<uint64_t>(fd), word(&by_fd))) ||
      failed(raw_syscall(__NR_stat, word(path.c_str()), word(&by_path))) ||
      by_fd.st_dev != by_path.st_dev || by_fd.st_ino != by_path.st_ino) {
    return {};
  }
  return path;
}

bool is_symbolic_link(const std::string& path) {
  struct stat status {};
  return !failed(raw_syscall(__NR_lstat, word(path.c_str()), word(&status))) &&
         S_ISLNK(status.st_mode);
}

std::vector<const char*> as_strings(const std::vector<uint64_t>& pointers) {
  std::vector<const char*> strings;
  strings.reserve(pointers.size());
  for (const uint64_t pointer : pointers) strings.push_back(reinterpret_cast<const char*>(pointer));
  return strings;
}

/// 0 or the errno that execve answers for strings that cannot be read. Reads each of them here, so
/// that building the command cannot fault.
int64_t readable_strings(const std::vector<const char*>& strings) {
  std::string scratch;
  constexpr size_t kLongestArgument = 32 * 4096;
  for (const char* string : strings) {
    const int64_t error = read_program_string(&scratch, word(string), kLongestArgument);
    if (error != 0) return error == -ENAMETOOLONG ? -E2BIG : error;
  }
  return 0;
}

}  // namespace

FollowCommand follow_command(const FollowOptions& options, const FollowedExec& exec,
                             const std::vector<const char*>& argv,
                             const std::vector<const char*>& envp) {
  FollowCommand command;
  command.owned.emplace_back("weft");
  for (const std::string& option : options.arguments) command.owned.push_back(option);
  command.owned.push_back("--exec-path=" + exec.path);
  if (!exec.name.empty()) command.owned.push_back("--exec-name=" + exec.name);
  if (exec.fd >= 0) command.owned.push_back("--exec-fd=" + std::to_string(exec.fd));
  if (exec.seccomp_fd >= 0) {
    command.owned.push_back("--seccomp-fd=" + std::to_string(exec.seccomp_fd));
  }
  command.owned.emplace_back("--");
  // The kernel gives a program without arguments one that is empty.
  if (argv.empty()) command.owned.emplace_back();
  for (const std::string& string : command.owned) command.argv.push_back(string.c_str());
  command.argv.insert(command.argv.end(), argv.begin(), argv.end());
  command.argv.push_back(nullptr);
  command.envp = hide_environment(envp, &command.owned_environment);
  command.envp.push_back(nullptr);
  return command;
}

int64_t ExecCalls::find_target(const ProgramThread& thread, const SyscallArguments& call,
                               ExecScratch* target) const {
  const bool at = call.number == __NR_execveat;
  const uint64_t flags = at ? call.a[4] : 0;
  const int64_t error = read_program_string(&target->path, call.a[at ? 1 : 0], kPathLimit);
  if (error != 0) return error;
  if (target->path.empty() && (flags & AT_EMPTY_PATH) == 0) return -ENOENT;
  if ((flags & ~uint64_t{AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW}) != 0) return -EINVAL;
  const int directory = at ? static_cast<int>(call.a[0]) : AT_FDCWD;
  if (target->path.empty()) {
    if (directory == AT_FDCWD) return -EACCES;
    if (failed(raw_syscall(__NR_fcntl, static_cast<uint64_t>(directory), F_GETFD))) return -EBADF;
    target->path = path_of_fd(directory);
    if (!target->path.empty()) return 0;
    target->fd = directory;
    target->path = fd_link(directory);
    return 0;
  }
  if (directory != AT_FDCWD && !target->path.starts_with('/')) {
    if (failed(raw_syscall(__NR_fcntl, static_cast<uint64_t>(directory), F_GETFD))) return -EBADF;
    const std::string base = path_of_fd(directory);
    target->path = (base.empty() ? fd_link(directory) : base) + "/" + target->path;
  }
  if ((flags & AT_SYMLINK_NOFOLLOW) != 0 && is_symbolic_link(target->path)) return -ELOOP;
  std::string resolved = files_.executed_path(thread, target->path);
  if (resolved != target->path) {
    target->name = std::move(target->path);
    target->path = std::move(resolved);
  }
  return 0;
}

int64_t ExecCalls::run_native(ProgramThread& thread, const SyscallArguments& call) const {
  signals_.prepare_exec(thread);
  limits_.prepare_exec();
  const int64_t result = weft_syscall_gate(&call, thread.signal_pending);
  limits_.undo_exec();
  signals_.undo_exec(thread);
  return result;
}

int64_t ExecCalls::run_followed(ProgramThread& thread, ExecScratch& scratch) const {
  // Without close-on-exec, and out of the way of the descriptors that the program knows.
  const auto inheritable = [](int fd) {
    constexpr uint64_t kLowest = 200;
    return static_cast<int>(raw_syscall(__NR_fcntl, static_cast<uint64_t>(fd), F_DUPFD, kLowest));
  };
  FollowedExec exec;
  exec.path = scratch.path;
  exec.name = scratch.name;
  if (scratch.fd >= 0) {
    exec.fd = inheritable(scratch.fd);
    if (exec.fd < 0) return exec.fd;
  }
  if (thread.seccomp != nullptr) {
    const UniqueFd saved(save_seccomp(thread.seccomp.get()));
    exec.seccomp_fd = saved.valid() ? inheritable(saved.get()) : saved.get();
  }
  // Never to run without the filters that the program has put on itself.
  int64_t result = thread.seccomp != nullptr && exec.seccomp_fd < 0 ? exec.seccomp_fd : 0;
  if (result == 0) {
    scratch.command = follow_command(follow_, exec, scratch.arguments, scratch.environment);
    SyscallArguments call;
    call.number = __NR_execve;
    call.a[0] = word(kOurselves);
    call.a[1] = word(scratch.command.argv.data());
    call.a[2] = word(scratch.command.envp.data());
    result = run_native(thread, call);
  }
  if (exec.fd >= 0) raw_syscall(__NR_close, static_cast<uint64_t>(exec.fd));
  if (exec.seccomp_fd >= 0) raw_syscall(__NR_close, static_cast<uint64_t>(exec.seccomp_fd));
  return result;
}

bool ExecCalls::is_debugged() const {
  const int tracer = tracer_of_this_thread();
  return tracer != 0 && tracer != tracer_at_start_;
}

int64_t ExecCalls::execute(ProgramThread& thread, const SyscallArguments& call,
                           ExecScratch& scratch) {
  int64_t error = find_target(thread, call, &scratch);
  if (error != 0) return error;
  const ExecCheck check = check_exec(scratch.path);
  if (check.error != 0) return -check.error;

  const bool at = call.number == __NR_execveat;
  error = read_program_pointers(&scratch.argv, call.a[at ? 2 : 1]);
  if (error == 0) error = read_program_pointers(&scratch.envp, call.a[at ? 3 : 2]);
  if (error != 0) return error;
  scratch.arguments = as_strings(scratch.argv);
  scratch.environment = as_strings(scratch.envp);
  error = readable_strings(scratch.arguments);
  if (error == 0) error = readable_strings(scratch.environment);
  if (error != 0) return error;

  runtime_.exec_starting(thread);
  const bool followed = follow_.follow && !check.privileged && check.is_elf64 &&
                        !is_ourselves(scratch.path) && !is_debugged();
  WEFT_LOG(kInfo, "{} {}", followed ? "follows" : "leaves to the kernel", scratch.path);
  if (followed) return run_followed(thread, scratch);
  error = install_in_kernel(thread.seccomp.get());
  if (error != 0) return error;
  SyscallArguments native = call;
  if (!at) native.a[0] = word(scratch.path.c_str());  // differs for /proc/self/exe
  return run_native(thread, native);
}

int64_t ExecCalls::handle(ProgramThread& thread, const SyscallArguments& call,
                          std::unique_ptr<ExecScratch>* scratch) {
  *scratch = std::make_unique<ExecScratch>();
  const int64_t result = execute(thread, call, **scratch);
  scratch->reset();
  return result;
}

}  // namespace weft::linux

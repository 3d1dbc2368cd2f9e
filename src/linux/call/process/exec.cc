#include "linux/call/process/exec.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <optional>

#include "base/log.h"
#include "linux/call/emulator.h"
#include "linux/call/process/environment.h"
#include "linux/call/process/seccomp.h"
#include "linux/image/launch.h"
#include "linux/kernel/calls.h"
#include "linux/kernel/high_numbers.h"
#include "linux/kernel/program_memory.h"
#include "linux/kernel/raw_syscall.h"
#include "linux/kernel/surroundings.h"
#include "linux/kernel/unique_fd.h"

namespace weft::linux {
namespace {

constexpr size_t kPathLimit = 4096;
std::string fd_link(int fd) { return "/proc/thread-self/fd/" + std::to_string(fd); }

/// The path behind an open descriptor, if that path still leads to the same file; else empty.
std::string path_of_fd(int fd) {
  std::string path = Surroundings::instance().read_proc_link(fd_link(fd));
  if (path.empty()) return {};
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
  if (exec.held.empty()) {
    command.owned.emplace_back("weft");
  } else {
    command.owned = loader_arguments();
  }
  for (const std::string& option : options.arguments) command.owned.push_back(option);
  if (!exec.held.empty()) command.owned.push_back("--exec-held=" + exec.held);
  if (!exec.kept.empty()) command.owned.push_back("--exec-kept=" + exec.kept);
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
  if (!files_.names_executable(thread, target->path)) return 0;
  target->name = std::move(target->path);
  const int executable = Surroundings::instance().executable();
  target->path = executable < 0 ? files_.executable_path() : path_of_fd(executable);
  if (target->path.empty()) {
    target->fd = executable;
    target->path = fd_link(executable);
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

int64_t ExecCalls::start_weft(ProgramThread& thread, ExecScratch& scratch, const FollowedExec& exec,
                              WayToWeft way) const {
  const bool by_held_root = way == WayToWeft::kByHeldRoot;
  std::optional<HeldRoot> root;
  std::optional<KeptOnExec> kept;
  FollowedExec complete = exec;
  if (by_held_root) complete.held = root.emplace().inheritance();
  if (way == WayToWeft::kAgain) {
    kept.emplace();
    complete.kept = Surroundings::instance().legacy(scratch.tracer);
  }
  scratch.command = follow_command(follow_, complete, scratch.arguments, scratch.environment);
  const int file =
      by_held_root ? Surroundings::instance().loader() : Surroundings::instance().weft();
  SyscallArguments call;
  call.number = __NR_execveat;
  call.a[0] = static_cast<uint64_t>(file);
  call.a[1] = word("");
  call.a[2] = word(scratch.command.argv.data());
  call.a[3] = word(scratch.command.envp.data());
  call.a[4] = AT_EMPTY_PATH;
  if (file < 0) {
    // Of the calling thread: the process's first one, which "self" stands for, may have ended.
    call.a[0] = static_cast<uint64_t>(AT_FDCWD);
    call.a[1] = word("/proc/thread-self/exe");
    call.a[4] = 0;
  }
  return run_native(thread, call);
}

int64_t ExecCalls::run_followed(ProgramThread& thread, ExecScratch& scratch, WayToWeft way) const {
  FollowedExec exec;
  exec.path = scratch.path;
  exec.name = scratch.name;
  if (scratch.fd >= 0) {
    exec.fd = copy_for_exec(scratch.fd);
    if (exec.fd < 0) return -EMFILE;
  }
  if (thread.seccomp != nullptr) {
    const UniqueFd saved(save_seccomp(thread.seccomp.get()));
    exec.seccomp_fd = saved.valid() ? copy_for_exec(saved.get()) : saved.get();
  }
  // Never to run without the filters that the program has put on itself.
  int64_t result = thread.seccomp != nullptr && exec.seccomp_fd < 0 ? exec.seccomp_fd : 0;
  if (result == 0) {
    result = start_weft(thread, scratch, exec, way);
  }
  if (exec.fd >= 0) kernel::close(exec.fd);
  if (exec.seccomp_fd >= 0) kernel::close(exec.seccomp_fd);
  return result;
}

bool ExecCalls::is_debugger(int tracer) const { return tracer != 0 && tracer != tracer_at_start_; }

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
  bool followed =
      follow_.follow && !check.privileged && check.is_elf64 && !is_ourselves(scratch.path);
  if (followed) {
    scratch.tracer = tracer_of_this_thread();
    followed = !is_debugger(scratch.tracer);
  }
  const WayToWeft way = followed ? way_to_weft() : WayToWeft::kNone;
  if (followed && way == WayToWeft::kNone) {
    followed = false;
    tell_of_native_run(scratch.path);
  }
  WEFT_LOG(kInfo, "{} {}", followed ? "follows" : "leaves to the kernel", scratch.path);
  if (followed) return run_followed(thread, scratch, way);
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

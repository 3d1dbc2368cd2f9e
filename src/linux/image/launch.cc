#include "linux/image/launch.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>

#include "linux/image/script.h"
#include "linux/kernel/surroundings.h"

namespace weft::linux {
namespace {

/// The kernel gives up on the fifth nested script.
constexpr int kMostScripts = 5;

/// Whether someone has the file open for writing, which execve refuses: a read lease does, too.
/// Held for no longer than the question takes; whoever opens the file meanwhile raises no more than
/// a SIGURG.
bool is_open_for_writing(int fd) {
  if (fcntl(fd, F_SETSIG, SIGURG) != 0) return false;
  if (fcntl(fd, F_SETLEASE, F_RDLCK) != 0) return errno == EAGAIN;
  fcntl(fd, F_SETLEASE, F_UNLCK);
  return false;
}

Error errno_error(int code) { return Error{std::strerror(code), code}; }

/// Where to look for `path`: descriptors of this process are found without a /proc in the root.
Surroundings::Place place_of(const std::string& path) {
  if (path.starts_with("/proc/thread-self/fd/")) return Surroundings::instance().in_proc(path);
  return {AT_FDCWD, path};
}

/// Why a program's files are opened: to be run; to see whether they could be; or to be run after
/// that.
enum class Purpose : uint8_t { kRun, kCheck, kRunChecked };

/// Opens a file that execve would run, with the errno of execve if it would not.
Result<UniqueFd> open_executable(const std::string& path, Purpose purpose) {
  // Only a script's first line can ask for this; the kernel then opens the current directory.
  if (path.empty()) return errno_error(EACCES);
  const Surroundings::Place place = place_of(path);
  UniqueFd fd(openat(place.directory, place.path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd.valid()) {
    const int code = errno;
    struct stat status;
    if (code == EACCES && access(path.c_str(), X_OK) == 0 && stat(path.c_str(), &status) == 0 &&
        S_ISREG(status.st_mode)) {
      return Error{"executable but not readable", EACCES};
    }
    // Opening a socket or a device without a driver has errors of its own.
    return errno_error(code == ENXIO || code == ENODEV ? EACCES : code);
  }
  struct stat status;
  if (fstat(fd.get(), &status) != 0) return errno_error(errno);
  if (S_ISDIR(status.st_mode)) return Error{"is a directory", EACCES};
  if (!S_ISREG(status.st_mode)) return Error{"not a regular file", EACCES};
  if (purpose == Purpose::kRunChecked) return fd;
  struct statvfs mount;
  if (fstatvfs(fd.get(), &mount) == 0 && (mount.f_flag & ST_NOEXEC) != 0) {
    return Error{"is on a file system mounted noexec", EACCES};
  }
  if (faccessat(place.directory, place.path.c_str(), X_OK, AT_EACCESS) != 0)
    return errno_error(errno);
  if (is_open_for_writing(fd.get())) return errno_error(ETXTBSY);
  return fd;
}

std::string real_path_of(const UniqueFd& fd, const std::string& path) {
  const std::string real =
      Surroundings::instance().read_proc_link("/proc/self/fd/" + std::to_string(fd.get()));
  return real.empty() ? path : real;
}

Result<ProgramFile> open_elf(UniqueFd fd, const std::string& path, Purpose purpose) {
  Result<ElfImage> image = read_elf(fd.get());
  if (!image) return image.error();
  ProgramFile file;
  if (purpose != Purpose::kCheck) file.real_path = real_path_of(fd, path);
  file.fd = std::move(fd);
  file.path = path;
  file.image = std::move(image.value());
  return file;
}

/// The interpreter's own errors are those of the kernel: a file that is no fit is ELIBBAD.
Result<ProgramFile> open_interpreter(const std::string& path, Purpose purpose) {
  const std::string named = "its interpreter " + path + ": ";
  Result<UniqueFd> fd = open_executable(path, purpose);
  if (!fd) return Error{named + fd.error().message, fd.error().code};
  Result<ProgramFile> file = open_elf(std::move(fd.value()), path, purpose);
  if (!file) return Error{named + file.error().message, ELIBBAD};
  return file;
}

std::string short_name(const std::string& path) {
  const size_t slash = path.rfind('/');
  return path.substr(slash == std::string::npos ? 0 : slash + 1).substr(0, 15);
}

/// Puts a script's interpreter and its argument before the arguments, in place of argv[0].
void apply_script(Launch& launch, const ScriptLine& line, const std::string& script) {
  std::vector<const char*> argv;
  argv.push_back(launch.owned.emplace_back(line.interpreter).c_str());
  if (line.argument) argv.push_back(launch.owned.emplace_back(*line.argument).c_str());
  argv.push_back(launch.owned.emplace_back(script).c_str());
  for (size_t i = 1; i < launch.argv.size(); ++i) argv.push_back(launch.argv[i]);
  launch.argv = std::move(argv);
}

std::optional<std::string_view> find_variable(std::span<const char* const> envp,
                                              std::string_view name) {
  for (const std::string_view each : envp) {
    if (each.size() > name.size() && each.starts_with(name) && each[name.size()] == '=') {
      return each.substr(name.size() + 1);
    }
  }
  return std::nullopt;
}

/// A file without a magic number that execvp gives to the shell. Binary data is not a script.
bool looks_like_text(const std::string& path) {
  const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  std::array<char, 256> start;
  const ssize_t length = fd.valid() ? read(fd.get(), start.data(), start.size()) : -1;
  if (length < 0) return false;
  const std::string_view text(start.data(), static_cast<size_t>(length));
  if (text.starts_with("\x7f"
                       "ELF"))
    return false;
  return text.substr(0, text.find('\n')).find('\0') == std::string_view::npos;
}

/// Whether executing the file natively would give the process rights that it has not.
bool gains_privileges(int fd) {
  struct statvfs mount;
  struct stat status;
  if (fstatvfs(fd, &mount) == 0 && (mount.f_flag & ST_NOSUID) != 0) return false;
  if (fstat(fd, &status) != 0) return false;
  const bool set_uid = (status.st_mode & S_ISUID) != 0 && status.st_uid != geteuid();
  const bool set_gid =
      (status.st_mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP) && status.st_gid != getegid();
  return set_uid || set_gid ||
         (geteuid() != 0 && fgetxattr(fd, "security.capability", nullptr, 0) > 0);
}

Result<Launch> open_for(Purpose purpose, const std::string& path, std::span<const char* const> argv,
                        std::span<const char* const> envp) {
  if (path.empty()) return errno_error(ENOENT);
  Launch launch;
  launch.argv.assign(argv.begin(), argv.end());
  launch.envp.assign(envp.begin(), envp.end());
  // The kernel runs a program that was given no arguments with one empty one.
  if (launch.argv.empty()) launch.argv.push_back("");
  launch.execfn = path;
  launch.comm = short_name(path);

  std::string current = path;
  for (int depth = 0;; ++depth) {
    const std::string named = depth == 0 ? "" : "its interpreter " + current + ": ";
    Result<UniqueFd> fd = open_executable(current, purpose);
    if (!fd) return Error{named + fd.error().message, fd.error().code};
    Result<std::optional<ScriptLine>> script = read_script_line(fd->get());
    if (!script) return Error{named + script.error().message, script.error().code};
    if (!script.value().has_value()) {
      Result<ProgramFile> program = open_elf(std::move(fd.value()), current, purpose);
      if (!program) return Error{named + program.error().message, program.error().code};
      launch.program = std::move(program.value());
      break;
    }
    if (depth == kMostScripts) return errno_error(ELOOP);
    apply_script(launch, *script.value(), current);
    current = script.value()->interpreter;
  }

  const std::string& interpreter = launch.program.image.interpreter;
  if (!interpreter.empty()) {
    Result<ProgramFile> file = open_interpreter(interpreter, purpose);
    if (!file) return file.error();
    launch.interpreter = std::move(file.value());
  }
  return launch;
}

Result<Launch> open_or_give_to_shell(const std::string& path, std::span<const char* const> argv,
                                     std::span<const char* const> envp) {
  Result<Launch> launch = open_program(path, argv, envp);
  if (launch || launch.error().code != ENOEXEC || !looks_like_text(path)) return launch;
  std::deque<std::string> owned = {"/bin/sh", path};
  std::vector<const char*> with_shell = {owned[0].c_str(), owned[1].c_str()};
  with_shell.insert(with_shell.end(), argv.begin() + 1, argv.end());
  launch = open_program("/bin/sh", with_shell, envp);
  if (launch) {
    // Not spliced: the strings that argv points to must stay where they are.
    for (std::string& each : owned) {
      const char* old = each.c_str();
      const char* kept = launch->owned.emplace_back(each).c_str();
      for (const char*& arg : launch->argv) {
        if (arg == old) arg = kept;
      }
    }
  }
  return launch;
}

Error for_user(const std::string& name, const Error& error) {
  const bool missing = error.code == ENOENT;
  // The name itself was found when it is the interpreter that is missing.
  const bool inner = error.message.starts_with("its interpreter");
  std::string line = name + ": " + error.message;
  // Names come from anywhere; the message stays one line.
  for (char& each : line) {
    if (static_cast<unsigned char>(each) < ' ' || each == '\x7f') each = '?';
  }
  return Error{std::move(line), missing && !inner ? kStatusNotFound : kStatusCannotRun};
}

/// Under weft the kernel would not give a program the rights that it counts on.
Result<Launch> acceptable(Result<Launch> launch) {
  if (!launch) return launch;
  const std::string& path = launch->program.path;
  if (gains_privileges(launch->program.fd.get())) {
    return for_user(
        path, Error{"is set-uid, set-gid or has capabilities: only the kernel can run it", EPERM});
  }
  return launch;
}

}  // namespace

bool is_ourselves(const std::string& path) {
  struct stat ours {};
  struct stat file {};
  const int held = Surroundings::instance().weft();
  // Of the calling thread: the process's first thread, which "self" stands for, may have ended.
  const int64_t known = held >= 0
                            ? raw_syscall(__NR_fstat, static_cast<uint64_t>(held), word(&ours))
                            : raw_syscall(__NR_stat, word("/proc/thread-self/exe"), word(&ours));
  return !failed(known) && !failed(raw_syscall(__NR_stat, word(path.c_str()), word(&file))) &&
         ours.st_dev == file.st_dev && ours.st_ino == file.st_ino;
}

Result<Launch> open_program(const std::string& path, std::span<const char* const> argv,
                            std::span<const char* const> envp) {
  return open_for(Purpose::kRun, path, argv, envp);
}

Result<Launch> open_checked_program(const std::string& path, std::span<const char* const> argv,
                                    std::span<const char* const> envp) {
  return open_for(Purpose::kRunChecked, path, argv, envp);
}
Result<Launch> find_program(std::span<const char* const> argv, std::span<const char* const> envp) {
  CHECK(!argv.empty());
  const std::string name = argv.front();
  if (name.find('/') != std::string::npos || name.empty()) {
    Result<Launch> launch = open_or_give_to_shell(name, argv, envp);
    if (!launch) return for_user(name, launch.error());
    return acceptable(std::move(launch));
  }
  // An empty part of PATH is the current directory.
  std::string_view path = find_variable(envp, "PATH").value_or("/bin:/usr/bin");
  Error last{"command not found", ENOENT};
  for (;;) {
    const size_t colon = path.find(':');
    std::string candidate(path.substr(0, colon));
    if (!candidate.empty()) candidate += '/';
    candidate += name;
    if (candidate == name) candidate = "./" + name;
    Result<Launch> launch = open_or_give_to_shell(candidate, argv, envp);
    if (launch) return acceptable(std::move(launch));
    const int code = launch.error().code;
    const bool inner = launch.error().message.starts_with("its interpreter");
    if (code == EACCES) {
      last = launch.error();  // found, but goes on, as execvp does
    } else if (inner || (code != ENOENT && code != ENOTDIR && code != ESTALE && code != ENODEV &&
                         code != ETIMEDOUT)) {
      return for_user(candidate, launch.error());
    }
    if (colon == std::string_view::npos) break;
    path.remove_prefix(colon + 1);
  }
  return for_user(name, last);
}

ExecCheck check_exec(const std::string& path) {
  ExecCheck check;
  const char* no_arguments[] = {""};
  Result<Launch> launch = open_for(Purpose::kCheck, path, no_arguments, {});
  if (!launch) {
    const int code = launch.error().code;
    const bool final = code == ENOENT || code == ENOTDIR || code == ENAMETOOLONG || code == ETXTBSY;
    check.error = final ? code : 0;
    return check;
  }
  check.is_elf64 = true;
  check.dynamic = launch->interpreter.fd.valid();
  check.privileged = gains_privileges(launch->program.fd.get());
  return check;
}

}  // namespace weft::linux

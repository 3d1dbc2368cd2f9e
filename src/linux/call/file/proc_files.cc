#include "linux/call/file/proc_files.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <vector>

#include "linux/call/emulator.h"
#include "linux/call/file/proc_reads.h"
#include "linux/call/table.h"
#include "linux/kernel/calls.h"
#include "linux/kernel/program_memory.h"
#include "linux/kernel/raw_syscall.h"
#include "linux/kernel/surroundings.h"
#include "linux/kernel/unique_fd.h"

namespace weft::linux {
namespace {

struct NamedFile {
  std::string_view name;
  ProcFile file;
};
constexpr std::array<NamedFile, 9> kNames = {{{"exe", ProcFile::kExecutable},
                                              {"maps", ProcFile::kMaps},
                                              {"smaps", ProcFile::kSmaps},
                                              {"cmdline", ProcFile::kCommandLine},
                                              {"environ", ProcFile::kEnvironment},
                                              {"auxv", ProcFile::kAuxiliaryVector},
                                              {"status", ProcFile::kStatus},
                                              {"stat", ProcFile::kStat},
                                              {"statm", ProcFile::kStatm}}};

constexpr size_t kPathLimit = 4096;

ProcFile file_named(std::string_view name) {
  for (const NamedFile& entry : kNames) {
    if (entry.name == name) return entry.file;
  }
  return ProcFile::kNone;
}

std::string_view last_component(std::string_view path) {
  const size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

std::vector<std::string_view> components(std::string_view path) {
  std::vector<std::string_view> parts;
  while (!path.empty()) {
    const size_t end = std::min(path.find('/'), path.size());
    const std::string_view part = path.substr(0, end);
    if (!part.empty() && part != ".") parts.push_back(part);
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return parts;
}

bool is_number(std::string_view text, pid_t value) {
  pid_t parsed = 0;
  const char* end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, parsed);
  return result.ec == std::errc{} && result.ptr == end && parsed == value;
}

bool is_any_number(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// `path` as an absolute one, for a call that may take it relative to the descriptor `directory`.
std::string absolute(const std::string& path, bool relative_to_fd, uint64_t directory) {
  if (path.starts_with('/')) return path;
  const int fd = static_cast<int>(directory);
  const bool from_fd = relative_to_fd && fd != AT_FDCWD;
  const std::string base = Surroundings::instance().read_proc_link(
      from_fd ? "/proc/thread-self/fd/" + std::to_string(fd) : "/proc/thread-self/cwd");
  return base + "/" + path;
}

std::string link_of_executable() {
  const int fd = Surroundings::instance().executable();
  return fd < 0 ? std::string() : "/proc/thread-self/fd/" + std::to_string(fd);
}

/// The path of what `fd` refers to, from the root of /proc on, as if that were mounted at "/proc";
/// empty if it is in no /proc.
std::string path_in_proc(uint64_t fd) {
  constexpr long kProcMagic = 0x9fa0;
  struct statfs system {};
  if (failed(raw_syscall(__NR_fstatfs, fd, word(&system))) || system.f_type != kProcMagic) {
    return {};
  }
  const std::string path =
      Surroundings::instance().read_proc_link("/proc/thread-self/fd/" + std::to_string(fd));
  const std::vector<std::string_view> parts = components(path);
  const size_t count = parts.size();
  if (count < 2) return {};
  const size_t wanted = count >= 4 && parts[count - 3] == "task" ? 4 : 2;
  std::string found = "/proc";
  for (size_t i = count - wanted; i < count; ++i) found += "/" + std::string(parts[i]);
  return found;
}

/// Where a path to a file of /proc really leads, its last link not followed.
std::string real_path(const std::string& path, bool relative_to_fd, uint64_t directory) {
  const int64_t opened =
      raw_syscall(__NR_openat, relative_to_fd ? directory : static_cast<uint64_t>(AT_FDCWD),
                  word(path.c_str()), O_PATH | O_NOFOLLOW | O_CLOEXEC);
  // There may be no descriptor left.
  if (failed(opened)) return absolute(path, relative_to_fd, directory);
  const UniqueFd fd(static_cast<int>(opened));
  return path_in_proc(static_cast<uint64_t>(opened));
}

bool is_open(int64_t number) {
  return number == __NR_open || number == __NR_openat || number == __NR_openat2;
}

open_how how_of(const SyscallArguments& call) {
  open_how how{};
  if (call.number == __NR_open) how.flags = call.a[1];
  if (call.number == __NR_openat) how.flags = call.a[2];
  if (call.number == __NR_openat2 && !read_program(&how, call.a[2])) how.flags = O_PATH;
  return how;
}

/// The call is about the link /proc/self/exe itself, not about the file behind it.
bool stops_at_link(const SyscallArguments& call) {
  if (is_open(call.number)) {
    const uint64_t flags = how_of(call).flags;
    return (flags & O_NOFOLLOW) != 0 || (flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL);
  }
  if (call.number == __NR_newfstatat || call.number == __NR_faccessat2) {
    return (call.a[3] & AT_SYMLINK_NOFOLLOW) != 0;
  }
  if (call.number == __NR_utimensat) return (call.a[3] & AT_SYMLINK_NOFOLLOW) != 0;
  if (call.number == __NR_fchownat) return (call.a[4] & AT_SYMLINK_NOFOLLOW) != 0;
  if (call.number == __NR_name_to_handle_at) return (call.a[4] & AT_SYMLINK_FOLLOW) == 0;
  return call.number == __NR_statx && (call.a[2] & AT_SYMLINK_NOFOLLOW) != 0;
}

/// All of what the kernel's file holds, whatever its position.
std::string read_whole(uint64_t fd) {
  std::string text;
  char buffer[16384];
  while (true) {
    const int64_t count = raw_syscall(__NR_pread64, fd, word(buffer), sizeof buffer, text.size());
    if (count <= 0) return text;
    text.append(buffer, static_cast<size_t>(count));
  }
}

std::string joined(const std::vector<std::string>& strings) {
  std::string text;
  for (const std::string& string : strings) text.append(string.c_str(), string.size() + 1);
  return text;
}

}  // namespace

ProcFile classify_proc_path(std::string_view path, pid_t pid, pid_t tid) {
  if (!path.starts_with("/proc/")) return ProcFile::kNone;
  const std::vector<std::string_view> parts = components(path);
  if (parts.size() != 3 && parts.size() != 5) return ProcFile::kNone;
  const std::string_view who = parts[1];
  if (who != "self" && who != "thread-self" && !is_number(who, pid) && !is_number(who, tid)) {
    return ProcFile::kNone;
  }
  if (parts.size() == 5 && (parts[2] != "task" || !is_any_number(parts[3]))) {
    return ProcFile::kNone;
  }
  return file_named(parts.back());
}

ProcFiles::ProcFiles(const ProgramImage& image, const AddressSpace& space, SignalCalls& signals)
    : image_(image), space_(space), signals_(signals), executable_link_(link_of_executable()) {}

const std::string& ProcFiles::executable_path() const { return image_.path; }

bool ProcFiles::emulates(ProcFile file) const {
  switch (file) {
    case ProcFile::kMaps:
    case ProcFile::kSmaps:
    case ProcFile::kStatus:
    case ProcFile::kStat:
    case ProcFile::kStatm:
      return true;
    case ProcFile::kCommandLine:
    case ProcFile::kEnvironment:
      return !image_.kernel_knows_arguments;
    case ProcFile::kAuxiliaryVector:
      return !image_.auxv.empty();
    case ProcFile::kExecutable:
    case ProcFile::kNone:
      break;
  }
  return false;
}

ProcFile ProcFiles::opened_file(uint64_t fd, pid_t pid) const {
  const ProcFile file = classify_proc_path(path_in_proc(fd), pid, pid);
  return emulates(file) ? file : ProcFile::kNone;
}

std::optional<int64_t> ProcFiles::intercept(const ProgramThread& thread, SyscallArguments& call,
                                            ProcReads& reads) const {
  const PathArgument where = system_call(call.number).path;
  if (where.index == kNoArgument || call.a[where.index] == 0) return std::nullopt;
  std::string path;
  if (read_program_string(&path, call.a[where.index], kPathLimit) != 0) return std::nullopt;
  if (file_named(last_component(path)) == ProcFile::kNone) return std::nullopt;
  const std::string whole = real_path(path, where.relative_to_fd, call.a[0]);
  const ProcFile file = classify_proc_path(whole, thread.pid, thread.tid);
  if (file == ProcFile::kNone) return std::nullopt;

  if (file != ProcFile::kExecutable) {
    if (!is_open(call.number) || !emulates(file)) return std::nullopt;
    const int64_t result = weft_syscall_gate(&call, thread.signal_pending);
    const bool reads_it = (how_of(call).flags & O_ACCMODE) != O_WRONLY;
    if (result >= 0 && reads_it) reads.note_open(thread, static_cast<uint64_t>(result));
    return result;
  }
  if (call.number == __NR_readlink || call.number == __NR_readlinkat) {
    return read_link(path, where.relative_to_fd ? call.a[0] : static_cast<uint64_t>(AT_FDCWD),
                     call.a[where.index + 1], call.a[where.index + 2]);
  }
  if (stops_at_link(call)) return std::nullopt;
  if (Surroundings::instance().executable() < 0) {
    call.a[where.index] = word(image_.path.c_str());
    return std::nullopt;
  }
  return at_executable(thread, call);
}

std::optional<int64_t> ProcFiles::at_executable(const ProgramThread& thread,
                                                SyscallArguments& call) const {
  if (call.number == __NR_openat2) {
    const open_how how = how_of(call);
    // How far the kernel goes along the path is its to say.
    const int64_t result = weft_syscall_gate(&call, thread.signal_pending);
    if (failed(result) || result == kInterruptedBeforeCall) return result;
    kernel::close(result);
    call.number = __NR_openat;
    call.a[2] = how.flags;
    call.a[3] = how.mode;
  }
  call.a[system_call(call.number).path.index] = word(executable_link_.c_str());
  return std::nullopt;
}

bool ProcFiles::names_executable(const ProgramThread& thread, const std::string& path) const {
  if (file_named(last_component(path)) != ProcFile::kExecutable) return false;
  const std::string whole = real_path(path, false, 0);
  return classify_proc_path(whole, thread.pid, thread.tid) == ProcFile::kExecutable;
}

int64_t ProcFiles::read_link(const std::string& path, uint64_t directory, uint64_t buffer,
                             uint64_t size) const {
  if (static_cast<int>(size) <= 0) return -EINVAL;
  // The kernel's errors first: there may be no such link (the first thread has ended).
  char ours[kPathLimit];
  const uint64_t at = path.starts_with('/') ? static_cast<uint64_t>(AT_FDCWD) : directory;
  const int64_t known =
      raw_syscall(__NR_readlinkat, at, word(path.c_str()), word(ours), kPathLimit);
  if (failed(known)) return known;
  std::string target;
  if (Surroundings::instance().executable() >= 0)
    target = Surroundings::instance().read_proc_link(executable_link_);
  if (target.empty()) target = image_.path;
  const size_t length = std::min<size_t>(size, target.size());
  if (!write_program(buffer, target.data(), length)) return -EFAULT;
  return static_cast<int64_t>(length);
}

ProcessView ProcFiles::view(const ProgramThread& thread) const {
  ProcessView view;
  space_.for_each([&view](const Mapping& mapping) {
    if (mapping.owner != Owner::kProgram) return;
    view.size += mapping.range.size();
    const bool data = mapping.writable() && (mapping.flags & MAP_SHARED) == 0;
    if (data && mapping.label != Label::kStack) view.data_size += mapping.range.size();
  });
  uint64_t kernel_mask = 0;
  raw_syscall(__NR_rt_sigprocmask, 0, 0, word(&kernel_mask), sizeof kernel_mask);
  view.blocked = signals_.program_mask(thread, kernel_mask);
  signals_.dispositions(thread, &view.ignored, &view.caught);
  return view;
}

UniqueFd ProcFiles::open_again(uint64_t fd) {
  const std::string path = path_in_proc(fd);
  return UniqueFd(static_cast<int>(Surroundings::instance().open_proc(path, O_RDONLY | O_CLOEXEC)));
}

std::vector<Mapping> ProcFiles::program_mappings() const {
  std::vector<Mapping> program;
  space_.for_each([&program](const Mapping& mapping) {
    if (mapping.owner == Owner::kProgram) program.push_back(mapping);
  });
  return program;
}

std::string ProcFiles::content(const ProgramThread& thread, ProcFile file, uint64_t fd) const {
  switch (file) {
    case ProcFile::kCommandLine:
      return joined(image_.arguments);
    case ProcFile::kEnvironment:
      return joined(image_.environment);
    case ProcFile::kAuxiliaryVector:
      return {image_.auxv.begin(), image_.auxv.end()};
    case ProcFile::kStatus:
      return adjust_status(read_whole(fd), view(thread));
    case ProcFile::kStat:
      return adjust_stat(read_whole(fd), view(thread));
    case ProcFile::kStatm:
      return adjust_statm(read_whole(fd), view(thread));
    case ProcFile::kMaps:
    case ProcFile::kSmaps:
    case ProcFile::kExecutable:
    case ProcFile::kNone:
      break;
  }
  return {};
}

}  // namespace weft::linux

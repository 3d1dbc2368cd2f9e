#include "linux/sys_proc_files.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <vector>

#include "linux/raw_syscall.h"
#include "linux/sys_emulator.h"
#include "linux/sys_proc_maps.h"
#include "linux/sys_program_memory.h"
#include "linux/unique_fd.h"

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
constexpr size_t kNoIndex = 6;

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

/// Where the path stands among a call's arguments (kNoIndex: nowhere), and whether a directory
/// descriptor comes before it.
struct PathArgument {
  size_t index = kNoIndex;
  bool relative_to_fd = false;
};

PathArgument path_argument(int64_t number) {
  switch (number) {
    case __NR_open:
    case __NR_stat:
    case __NR_access:
    case __NR_readlink:
    case __NR_statfs:
    case __NR_getxattr:
    case __NR_listxattr:
      return {0, false};
    case __NR_openat:
    case __NR_openat2:
    case __NR_newfstatat:
    case __NR_statx:
    case __NR_faccessat:
    case __NR_faccessat2:
    case __NR_readlinkat:
      return {1, true};
    default:
      return {};
  }
}

std::string link_target(const std::string& link) {
  char buffer[kPathLimit];
  const int64_t length =
      raw_syscall(__NR_readlink, word(link.c_str()), word(buffer), sizeof buffer);
  return failed(length) ? std::string() : std::string(buffer, static_cast<size_t>(length));
}

/// `path` as an absolute one, for a call that may take it relative to the descriptor `directory`.
std::string absolute(const std::string& path, bool relative_to_fd, uint64_t directory) {
  if (path.starts_with('/')) return path;
  const int fd = static_cast<int>(directory);
  const bool from_fd = relative_to_fd && fd != AT_FDCWD;
  const std::string base =
      link_target(from_fd ? "/proc/thread-self/fd/" + std::to_string(fd) : "/proc/thread-self/cwd");
  return base + "/" + path;
}

bool is_open(int64_t number) {
  return number == __NR_open || number == __NR_openat || number == __NR_openat2;
}

uint64_t open_flags(const SyscallArguments& call) {
  if (call.number == __NR_open) return call.a[1];
  if (call.number == __NR_openat) return call.a[2];
  open_how how{};
  return read_program(&how, call.a[2]) ? how.flags : O_PATH;
}

/// The call is about the link /proc/self/exe itself, not about the file behind it.
bool stops_at_link(const SyscallArguments& call) {
  if (is_open(call.number)) return (open_flags(call) & O_NOFOLLOW) != 0;
  if (call.number == __NR_newfstatat || call.number == __NR_faccessat2) {
    return (call.a[3] & AT_SYMLINK_NOFOLLOW) != 0;
  }
  return call.number == __NR_statx && (call.a[2] & AT_SYMLINK_NOFOLLOW) != 0;
}

std::string read_file(const char* path) {
  const int64_t opened = raw_syscall(__NR_open, word(path), O_RDONLY | O_CLOEXEC);
  std::string text;
  if (failed(opened)) return text;
  const UniqueFd fd(static_cast<int>(opened));
  char buffer[16384];
  while (true) {
    const int64_t count =
        raw_syscall(__NR_read, static_cast<uint64_t>(opened), word(buffer), sizeof buffer);
    if (count <= 0) return text;
    text.append(buffer, static_cast<size_t>(count));
  }
}

std::string joined(const std::vector<std::string>& strings) {
  std::string text;
  for (const std::string& string : strings) text.append(string.c_str(), string.size() + 1);
  return text;
}

/// A new descriptor of a file in memory that holds `text`; or -errno.
int64_t memory_file(const std::string& text, uint64_t open_flags) {
  const uint64_t memfd_flags = (open_flags & O_CLOEXEC) != 0 ? MFD_CLOEXEC : 0;
  const int64_t fd = raw_syscall(__NR_memfd_create, word("proc"), memfd_flags);
  if (failed(fd)) return fd;
  const auto number = static_cast<uint64_t>(fd);
  size_t done = 0;
  while (done < text.size()) {
    const int64_t count =
        raw_syscall(__NR_pwrite64, number, word(text.data() + done), text.size() - done, done);
    if (count <= 0) {
      raw_syscall(__NR_close, number);
      return failed(count) ? count : -ENOMEM;
    }
    done += static_cast<size_t>(count);
  }
  return fd;
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
    : image_(image), space_(space), signals_(signals) {}

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

std::optional<int64_t> ProcFiles::intercept(const ProgramThread& thread,
                                            SyscallArguments& call) const {
  const PathArgument where = path_argument(call.number);
  if (where.index == kNoIndex || call.a[where.index] == 0) return std::nullopt;
  std::string path;
  if (read_program_string(&path, call.a[where.index], kPathLimit) != 0) return std::nullopt;
  if (file_named(last_component(path)) == ProcFile::kNone) return std::nullopt;
  const std::string whole = absolute(path, where.relative_to_fd, call.a[0]);
  const ProcFile file = classify_proc_path(whole, thread.pid, thread.tid);
  if (file == ProcFile::kNone) return std::nullopt;

  if (file != ProcFile::kExecutable) {
    if (!is_open(call.number) || !emulates(file)) return std::nullopt;
    const uint64_t flags = open_flags(call);
    if ((flags & (O_ACCMODE | O_PATH | O_DIRECTORY)) != O_RDONLY) return std::nullopt;
    return memory_file(content(thread, file, whole), flags);
  }
  if (call.number == __NR_readlink || call.number == __NR_readlinkat) {
    return read_link(path, where.relative_to_fd ? call.a[0] : static_cast<uint64_t>(AT_FDCWD),
                     call.a[where.index + 1], call.a[where.index + 2]);
  }
  if (!stops_at_link(call)) call.a[where.index] = word(image_.path.c_str());
  return std::nullopt;
}

std::string ProcFiles::executed_path(const ProgramThread& thread, const std::string& path) const {
  if (file_named(last_component(path)) != ProcFile::kExecutable) return path;
  const std::string whole = absolute(path, false, 0);
  return classify_proc_path(whole, thread.pid, thread.tid) == ProcFile::kExecutable ? image_.path
                                                                                    : path;
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
  const size_t length = std::min<size_t>(size, image_.path.size());
  if (!write_program(buffer, image_.path.data(), length)) return -EFAULT;
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

std::string ProcFiles::content(const ProgramThread& thread, ProcFile file,
                               const std::string& path) const {
  switch (file) {
    case ProcFile::kMaps:
    case ProcFile::kSmaps: {
      std::vector<Mapping> program;
      space_.for_each([&program](const Mapping& mapping) {
        if (mapping.owner == Owner::kProgram) program.push_back(mapping);
      });
      return filter_maps(read_file(path.c_str()), program);
    }
    case ProcFile::kCommandLine:
      return joined(image_.arguments);
    case ProcFile::kEnvironment:
      return joined(image_.environment);
    case ProcFile::kAuxiliaryVector:
      return {image_.auxv.begin(), image_.auxv.end()};
    case ProcFile::kStatus:
      return adjust_status(read_file(path.c_str()), view(thread));
    case ProcFile::kStat:
      return adjust_stat(read_file(path.c_str()), view(thread));
    case ProcFile::kStatm:
      return adjust_statm(read_file(path.c_str()), view(thread));
    case ProcFile::kExecutable:
    case ProcFile::kNone:
      break;
  }
  return {};
}

}  // namespace weft::linux

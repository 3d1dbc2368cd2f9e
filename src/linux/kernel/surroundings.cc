#include "linux/kernel/surroundings.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <link.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <climits>
#include <cstdlib>
#include <vector>

#include "linux/kernel/calls.h"
#include "linux/kernel/high_numbers.h"
#include "linux/kernel/raw_syscall.h"

namespace weft::linux {
namespace {

constexpr std::string_view kProcPrefix = "/proc/";
constexpr uint64_t kHere = static_cast<uint64_t>(AT_FDCWD);

int open_kept(const char* path, int flags) {
  const int64_t opened =
      raw_syscall(__NR_openat, kHere, word(path), static_cast<uint64_t>(flags | O_CLOEXEC));
  if (failed(opened)) return -1;
  const UniqueFd fd(static_cast<int>(opened));
  // Where numbers are that scarce, the program needs them more.
  return copy_above(fd.get(), fd.get());
}

bool stat_at(int directory, const std::string& path, struct stat* status) {
  return !failed(raw_syscall(__NR_newfstatat, static_cast<uint64_t>(directory), word(path.c_str()),
                             word(status), 0));
}

/// Whether `path` leads to what `held` is a descriptor of.
bool is_at(int held, int directory, const std::string& path) {
  struct stat there {};
  struct stat kept {};
  return held >= 0 && stat_at(directory, path, &there) &&
         !failed(raw_syscall(__NR_fstat, static_cast<uint64_t>(held), word(&kept))) &&
         there.st_dev == kept.st_dev && there.st_ino == kept.st_ino;
}

/// The names of the libraries that this process has loaded, the loader among them.
int note_library(dl_phdr_info* info, size_t, void* names) {
  const std::string name = info->dlpi_name;
  // What has no path is weft itself or the kernel's.
  if (name.find('/') == std::string::npos) return 0;
  static_cast<std::vector<std::string>*>(names)->push_back(name);
  return 0;
}

std::string canonical(const std::string& path) {
  char* found = realpath(path.c_str(), nullptr);
  std::string result = found == nullptr ? path : found;
  std::free(found);
  return result;
}

std::string without_slash(const std::string& path) {
  return path.starts_with('/') ? path.substr(1) : path;
}

/// Takes the text up to the next comma, or other `end`, off the front of `text`.
std::string_view take_part(std::string_view& text, char end = ',') {
  const size_t length = std::min(text.find(end), text.size());
  const std::string_view part = text.substr(0, length);
  text.remove_prefix(std::min(length + 1, text.size()));
  return part;
}

constexpr int kDecimal = 10;
constexpr int kHexadecimal = 16;

/// The same as a number; nothing if it is none.
std::optional<uint64_t> take_number(std::string_view& text, int base, char end = ',') {
  const std::string_view part = take_part(text, end);
  uint64_t number = 0;
  const auto parsed = std::from_chars(part.data(), part.data() + part.size(), number, base);
  const bool whole = parsed.ec == std::errc{} && parsed.ptr == part.data() + part.size();
  return whole ? std::optional(number) : std::nullopt;
}

}  // namespace

Surroundings& Surroundings::instance() {
  static Surroundings surroundings;
  return surroundings;
}

bool Surroundings::hold(std::string_view inherited) {
  if (!inherited.empty()) return take_over(inherited);
  open_missing();
  return true;
}

void Surroundings::open_missing() {
  constexpr int kDirectory = O_PATH | O_DIRECTORY;
  if (root() < 0) held_[kRoot] = open_kept("/", kDirectory);
  if (get(kProc) < 0) held_[kProc] = open_kept("/proc", kDirectory);
  if (weft() < 0) held_[kWeft] = open_kept("/proc/self/exe", O_PATH);
  if (weft_path_.empty()) weft_path_ = without_slash(read_proc_link("/proc/self/exe"));
  find_libraries();
  if (loader() < 0 && !loader_path_.empty()) {
    held_[kLoader] = open_kept(loader_path_.c_str(), O_PATH);
  }
}

bool Surroundings::hold_again(std::string_view legacy) {
  for (size_t i = 0; i < kCount; ++i) {
    const std::optional<uint64_t> fd = take_number(legacy, kDecimal);
    if (!fd) continue;  // it was given up
    held_[i] = static_cast<int>(*fd);
    if (failed(raw_syscall(__NR_fcntl, *fd, F_SETFD, FD_CLOEXEC))) return false;
  }
  const std::optional<uint64_t> tracer = take_number(legacy, kDecimal);
  if (tracer) told_.tracer = static_cast<int>(*tracer);
  told_.boot = take_part(legacy);
  std::string_view parts = take_part(legacy);
  while (const std::optional<uint64_t> size = take_number(parts, kHexadecimal, '-')) {
    told_.vdso_parts.push_back(*size);
  }
  known_ = told_;
  weft_path_ = legacy;
  if (weft_path_.empty()) return false;
  open_missing();
  return true;
}

std::string Surroundings::legacy(int tracer) const {
  std::string text;
  for (size_t i = 0; i < kCount; ++i) {
    // The next program's file is another.
    const int fd = i == kExecutable ? -1 : get(static_cast<Held>(i));
    text += (fd < 0 ? std::string() : std::to_string(fd)) + ",";
  }
  text += std::to_string(tracer) + "," + known_.boot + ",";
  for (const uint64_t size : known_.vdso_parts) text += fmt::format("{:x}-", size);
  return text + "," + weft_path_;
}

void Surroundings::find_libraries() {
  std::vector<std::string> names;
  dl_iterate_phdr(note_library, &names);
  for (const std::string& name : names) {
    if (name.find("/ld-linux") != std::string::npos) {
      loader_path_ = name;
      continue;
    }
    const std::string path = by_held_root_ ? name : without_slash(canonical(name));
    struct stat status {};
    if (!stat_at(AT_FDCWD, name, &status)) continue;
    libraries_.push_back({name, path, status.st_dev, status.st_ino});
    const std::string folder = path.substr(0, path.rfind('/'));
    if (by_held_root_ || (":" + library_path_ + ":").find(":" + folder + ":") != std::string::npos)
      continue;
    library_path_ += (library_path_.empty() ? "" : ":") + folder;
  }
}

void Surroundings::lift_limits() {
  for (size_t i = 0; i < kMemoryLimits.size(); ++i) {
    const auto resource = static_cast<uint64_t>(kMemoryLimits[i]);
    rlimit64 limit{};
    raw_syscall(__NR_prlimit64, 0, resource, 0, word(&limit));
    if (limit.rlim_cur == RLIM64_INFINITY) continue;
    const rlimit64 none{RLIM64_INFINITY, RLIM64_INFINITY};
    if (failed(raw_syscall(__NR_prlimit64, 0, resource, word(&none), 0))) {
      memory_limit_ = std::min<uint64_t>(memory_limit_, limit.rlim_cur);
    } else {
      lifted_[i] = limit;
    }
  }
}

std::optional<rlimit64> Surroundings::lifted_limit(int resource) const {
  for (size_t i = 0; i < kMemoryLimits.size(); ++i) {
    if (kMemoryLimits[i] == resource) return lifted_[i];
  }
  return std::nullopt;
}

void Surroundings::hold_executable(int fd) { held_[kExecutable] = copy_above(fd, fd); }

std::array<int, 5> Surroundings::held() const {
  std::array<int, kCount> all{};
  for (size_t i = 0; i < kCount; ++i) all[i] = get(static_cast<Held>(i));
  return all;
}

int Surroundings::give_up_one() {
  int lowest = -1;
  for (const std::atomic<int>& each : held_) {
    const int fd = each.load();
    if (fd >= 0 && (lowest < 0 || fd < lowest)) lowest = fd;
  }
  // Another thread that was faster has made room, too.
  if (lowest >= 0) give_up(lowest);
  return lowest;
}

int Surroundings::copy_up(int fd, int used) {
  for (std::atomic<int>& each : held_) {
    if (each.load() != fd) continue;
    const int copy = copy_above(fd, used);
    if (copy < 0) return -1;
    int expected = fd;
    if (each.compare_exchange_strong(expected, copy)) return copy;
    kernel::close(copy);
  }
  return -1;
}

void Surroundings::take_back(int copy, int fd) {
  for (std::atomic<int>& each : held_) {
    int expected = copy;
    each.compare_exchange_strong(expected, fd);
  }
}

bool Surroundings::give_up(int fd) {
  for (std::atomic<int>& each : held_) {
    int expected = fd;
    if (!each.compare_exchange_strong(expected, -1)) continue;
    kernel::close(fd);
    return true;
  }
  return false;
}

bool Surroundings::take_over(std::string_view inherited) {
  by_held_root_ = true;
  for (size_t i = 0; i <= kCount; ++i) {
    const std::string_view part = take_part(inherited);
    int fd = -1;
    const auto parsed = std::from_chars(part.data(), part.data() + part.size(), fd);
    if (parsed.ec != std::errc{} || parsed.ptr != part.data() + part.size()) return false;
    if (fd >= 0) raw_syscall(__NR_fcntl, static_cast<uint64_t>(fd), F_SETFD, FD_CLOEXEC);
    if (i == kCount) {
      working_directory_ = UniqueFd(fd);
    } else if (i == kExecutable) {
      const UniqueFd of_the_last_program(fd);
    } else {
      held_[i] = fd;
    }
  }
  library_path_ = take_part(inherited);
  weft_path_ = inherited;
  if (root() < 0 || !working_directory_.valid() || weft_path_.empty()) return false;
  find_libraries();
  return true;
}

std::string Surroundings::inheritance(int working_directory) const {
  std::string text;
  for (const int fd : held()) text += std::to_string(fd) + ",";
  return text + std::to_string(working_directory) + "," + library_path_ + "," + weft_path_;
}

bool Surroundings::leave_root() {
  const UniqueFd to = std::move(working_directory_);
  return !failed(raw_syscall(__NR_fchdir, static_cast<uint64_t>(to.get())));
}

std::string Surroundings::runtime_path(const std::string& path) const {
  return by_held_root_ ? without_slash(path) : path;
}

bool Surroundings::has_paths() const {
  if (by_held_root_ || !is_at(root(), AT_FDCWD, "/") || !is_at(loader(), AT_FDCWD, loader_path_)) {
    return false;
  }
  return std::all_of(libraries_.begin(), libraries_.end(), [](const Library& library) {
    struct stat status {};
    return stat_at(AT_FDCWD, library.name, &status) && status.st_dev == library.device &&
           status.st_ino == library.inode;
  });
}

bool Surroundings::has_other_files() const {
  struct stat status {};
  return !by_held_root_ && is_at(root(), AT_FDCWD, "/") &&
         stat_at(AT_FDCWD, loader_path_, &status) &&
         std::all_of(libraries_.begin(), libraries_.end(), [&status](const Library& library) {
           return stat_at(AT_FDCWD, library.name, &status);
         });
}

bool Surroundings::can_be_loaded() const {
  if (root() < 0 || loader() < 0 || !is_at(weft(), root(), weft_path_)) {
    return false;
  }
  return std::all_of(libraries_.begin(), libraries_.end(), [this](const Library& library) {
    struct stat status {};
    return stat_at(root(), library.path, &status) && status.st_dev == library.device &&
           status.st_ino == library.inode;
  });
}

Surroundings::Place Surroundings::in_proc(std::string_view path) const {
  const int proc = get(kProc);
  if (proc < 0 || !path.starts_with(kProcPrefix)) return {AT_FDCWD, std::string(path)};
  return {proc, std::string(path.substr(kProcPrefix.size()))};
}

int64_t Surroundings::open_proc(std::string_view path, int flags) const {
  const Place place = in_proc(path);
  return raw_syscall(__NR_openat, static_cast<uint64_t>(place.directory), word(place.path.c_str()),
                     static_cast<uint64_t>(flags));
}

std::FILE* Surroundings::open_proc_stream(std::string_view path) const {
  const int64_t fd = open_proc(path, O_RDONLY | O_CLOEXEC);
  return failed(fd) ? nullptr : fdopen(static_cast<int>(fd), "r");
}

std::string Surroundings::read_proc_link(std::string_view path) const {
  const Place place = in_proc(path);
  char buffer[PATH_MAX];
  const int64_t length = raw_syscall(__NR_readlinkat, static_cast<uint64_t>(place.directory),
                                     word(place.path.c_str()), word(buffer), sizeof buffer);
  return failed(length) ? std::string() : std::string(buffer, static_cast<size_t>(length));
}

}  // namespace weft::linux

#include "linux/sys_limits.h"

#include <fcntl.h>
#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <mutex>
#include <string_view>

#include "linux/raw_syscall.h"
#include "linux/sys_program_memory.h"
#include "linux/unique_fd.h"

namespace weft::linux {
namespace {

constexpr std::array<int, 2> kResources = {RLIMIT_AS, RLIMIT_DATA};
/// How much the runtime's own memory may still grow after the limit was set.
constexpr uint64_t kRoomToGrow = uint64_t{256} << 20;

std::optional<size_t> index_of(uint64_t resource) {
  for (size_t i = 0; i < kResources.size(); ++i) {
    if (kResources[i] == static_cast<int>(resource)) return i;
  }
  return std::nullopt;
}

int64_t kernel_limit(size_t index, const rlimit64* set, rlimit64* get) {
  return raw_syscall(__NR_prlimit64, 0, static_cast<uint64_t>(kResources[index]), word(set),
                     word(get));
}

/// "VmSize:   1234 kB" in /proc/self/status, in bytes.
uint64_t status_value(std::string_view name) {
  const int64_t opened =
      raw_syscall(__NR_open, word("/proc/thread-self/status"), O_RDONLY | O_CLOEXEC);
  if (failed(opened)) return 0;
  const UniqueFd fd(static_cast<int>(opened));
  char buffer[4096];
  const int64_t size =
      raw_syscall(__NR_read, static_cast<uint64_t>(opened), word(buffer), sizeof buffer);
  if (size <= 0) return 0;
  const std::string_view text(buffer, static_cast<size_t>(size));
  const size_t found = text.find(name);
  if (found == std::string_view::npos) return 0;
  const size_t digits = text.find_first_of("0123456789", found);
  if (digits == std::string_view::npos) return 0;
  uint64_t kilobytes = 0;
  std::from_chars(text.data() + digits, text.data() + text.size(), kilobytes);
  return kilobytes << 10;
}

uint64_t sum(uint64_t limit, uint64_t extra) {
  return limit == RLIM64_INFINITY || limit > RLIM64_INFINITY - extra ? RLIM64_INFINITY
                                                                     : limit + extra;
}

bool may_raise_limits() { return raw_syscall(__NR_geteuid) == 0; }

}  // namespace

uint64_t Limits::overhead(size_t index) const {
  const bool data = kResources[index] == RLIMIT_DATA;
  uint64_t program = 0;
  space_.for_each([&](const Mapping& mapping) {
    if (mapping.owner != Owner::kProgram) return;
    const bool is_data = mapping.writable() && (mapping.flags & MAP_SHARED) == 0;
    if (!data || is_data) program += mapping.range.size();
  });
  const uint64_t all = status_value(data ? "VmData:" : "VmSize:");
  return (all > program ? all - program : 0) + kRoomToGrow;
}

rlimit64 Limits::current(size_t index) const {
  if (entries_[index].program) return *entries_[index].program;
  rlimit64 limit{RLIM64_INFINITY, RLIM64_INFINITY};
  kernel_limit(index, nullptr, &limit);
  return limit;
}

int64_t Limits::change(size_t index, const rlimit64& wanted) {
  if (wanted.rlim_cur > wanted.rlim_max) return -EINVAL;
  if (wanted.rlim_max > current(index).rlim_max && !may_raise_limits()) return -EPERM;
  rlimit64 kernel{};
  kernel_limit(index, nullptr, &kernel);
  // A hard limit, once lowered, may be out of reach for good: the kernel keeps its own until exec.
  const uint64_t extra = wanted.rlim_cur == RLIM64_INFINITY ? 0 : overhead(index);
  kernel.rlim_max = std::max(kernel.rlim_max, sum(wanted.rlim_max, extra));
  kernel.rlim_cur = sum(wanted.rlim_cur, extra);
  if (failed(kernel_limit(index, &kernel, nullptr))) {
    kernel_limit(index, nullptr, &kernel);
    kernel.rlim_cur = std::min(sum(wanted.rlim_cur, extra), kernel.rlim_max);
    const int64_t result = kernel_limit(index, &kernel, nullptr);
    if (failed(result)) return result;
  }
  entries_[index].program = wanted;
  entries_[index].kernel = kernel;
  return 0;
}

std::optional<int64_t> Limits::intercept(const ProgramThread& thread,
                                         const SyscallArguments& call) {
  const bool is_prlimit = call.number == __NR_prlimit64;
  if (!is_prlimit && call.number != __NR_getrlimit && call.number != __NR_setrlimit) {
    return std::nullopt;
  }
  const auto pid = static_cast<pid_t>(call.a[0]);
  if (is_prlimit && pid != 0 && pid != thread.pid) return std::nullopt;
  const auto index = index_of(call.a[is_prlimit ? 1 : 0]);
  if (!index) return std::nullopt;

  const uint64_t set = is_prlimit ? call.a[2] : call.number == __NR_setrlimit ? call.a[1] : 0;
  const uint64_t get = is_prlimit ? call.a[3] : call.number == __NR_getrlimit ? call.a[1] : 0;
  rlimit64 wanted{};
  if (set != 0 && !read_program(&wanted, set)) return -EFAULT;
  rlimit64 before{};
  int64_t result = 0;
  {
    const std::lock_guard<SpinLock> held(lock_);
    before = current(*index);
    if (set != 0) result = change(*index, wanted);
  }
  if (result == 0 && get != 0 && !write_program(get, before)) return -EFAULT;
  return result;
}

void Limits::prepare_exec() {
  for (size_t i = 0; i < kCount; ++i) {
    if (entries_[i].program) kernel_limit(i, &*entries_[i].program, nullptr);
  }
}

void Limits::undo_exec() {
  for (size_t i = 0; i < kCount; ++i) {
    if (!entries_[i].program) continue;
    if (!failed(kernel_limit(i, &entries_[i].kernel, nullptr))) continue;
    // The hard limit cannot be raised again; without it the soft one at least goes up to it.
    const rlimit64 highest{entries_[i].program->rlim_max, entries_[i].program->rlim_max};
    kernel_limit(i, &highest, nullptr);
  }
}

}  // namespace weft::linux

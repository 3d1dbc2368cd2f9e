#include "linux/call/process/limits.h"

#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <string_view>

#include "linux/kernel/program_memory.h"
#include "linux/kernel/raw_syscall.h"
#include "linux/kernel/status_file.h"
#include "linux/kernel/surroundings.h"

namespace weft::linux {
namespace {

constexpr std::array<int, 2> kResources = {RLIMIT_AS, RLIMIT_DATA};
constexpr size_t kData = 1;
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
  constexpr int kKilobytes = 10;
  return status_number("/proc/thread-self/status", name).value_or(0) << kKilobytes;
}

uint64_t sum(uint64_t limit, uint64_t extra) {
  return limit == RLIM64_INFINITY || limit > RLIM64_INFINITY - extra ? RLIM64_INFINITY
                                                                     : limit + extra;
}

bool may_raise_limits() { return raw_syscall(__NR_geteuid) == 0; }

}  // namespace

Limits::Limits(const AddressSpace& space) : space_(space) {
  for (size_t i = 0; i < kCount; ++i) {
    const auto limit = Surroundings::instance().lifted_limit(kResources[i]);
    if (limit) change(i, *limit);
  }
}

bool is_limited_data(int prot, int flags) {
  const bool is_private = (flags & MAP_TYPE) == MAP_PRIVATE;
  return is_private && (prot & PROT_WRITE) != 0 && (flags & MAP_GROWSDOWN) == 0;
}

uint64_t Limits::program_size(bool only_data) const {
  if (!only_data) {
    return space_.size_of([](const Mapping& mapping) { return mapping.owner == Owner::kProgram; });
  }
  return space_.size_of([](const Mapping& mapping) {
    return mapping.owner == Owner::kProgram && is_limited_data(mapping.prot, mapping.flags);
  });
}

bool Limits::allows_data(uint64_t more) {
  const Locked held(lock_);
  const rlimit64 set = current(kData);
  // With a soft limit of 0 the kernel takes the hard one (but for the break).
  const uint64_t limit = set.rlim_cur == 0 ? set.rlim_max : set.rlim_cur;
  if (limit == RLIM64_INFINITY) return true;
  const uint64_t size = program_size(true);
  return size <= limit && more <= limit - size;
}

bool Limits::allows_break(uint64_t whole, uint64_t more) {
  {
    const Locked held(lock_);
    if (whole > current(kData).rlim_cur) return false;
  }
  return allows_data(more);
}

uint64_t Limits::overhead(size_t index) const {
  const bool data = index == kData;
  const uint64_t program = program_size(data);
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
  if (index == kData) limits_data_.store(wanted.rlim_cur != RLIM64_INFINITY);
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
    const Locked held(lock_);
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

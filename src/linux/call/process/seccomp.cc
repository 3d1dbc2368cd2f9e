#include "linux/call/process/seccomp.h"

#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>

#include "linux/call/process/bpf.h"
#include "linux/kernel/calls.h"
#include "linux/kernel/program_memory.h"
#include "linux/kernel/raw_syscall.h"
#include "linux/kernel/unique_fd.h"

namespace weft::linux {
namespace {

using FilterPointer = std::shared_ptr<const SeccompFilter>;

constexpr sock_filter kAllow = {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW};

bool strict_allows(int64_t number) {
  return number == __NR_read || number == __NR_write || number == __NR_exit ||
         number == __NR_rt_sigreturn;
}

int64_t give_to_kernel(const std::vector<sock_filter>& program, uint64_t flags) {
  sock_fprog kernel_program{};
  kernel_program.len = static_cast<unsigned short>(program.size());
  kernel_program.filter = const_cast<sock_filter*>(program.data());
  return raw_syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER, flags, word(&kernel_program));
}

/// The kernel's answer to the filter, which it gets in a form that allows everything.
int64_t check_by_kernel(const std::vector<sock_filter>& program, uint64_t flags) {
  std::vector<sock_filter> harmless = {kAllow};
  harmless.insert(harmless.end(), program.begin(), program.end());
  // The longest of all has no room for one more; what makes it valid stands further behind.
  if (harmless.size() > BPF_MAXINSNS) harmless.erase(harmless.begin() + 1);
  return give_to_kernel(harmless, flags);
}

/// The oldest first.
std::vector<const SeccompFilter*> in_order(const SeccompFilter* newest) {
  std::vector<const SeccompFilter*> filters;
  for (const SeccompFilter* filter = newest; filter != nullptr; filter = filter->older.get()) {
    filters.push_back(filter);
  }
  std::reverse(filters.begin(), filters.end());
  return filters;
}

bool write_all(int fd, const void* from, size_t size) {
  return raw_syscall(__NR_write, static_cast<uint64_t>(fd), word(from), size) ==
         static_cast<int64_t>(size);
}

bool read_all(int fd, void* to, size_t size) {
  return raw_syscall(__NR_read, static_cast<uint64_t>(fd), word(to), size) ==
         static_cast<int64_t>(size);
}

}  // namespace

SeccompVerdict judge(const SeccompFilter* newest, const SyscallArguments& call, uint64_t rip) {
  if (newest->strict) {
    return {strict_allows(call.number) ? SECCOMP_RET_ALLOW : SECCOMP_RET_KILL_THREAD, SIGKILL};
  }
  seccomp_data data{};
  data.nr = static_cast<int>(call.number);
  data.arch = AUDIT_ARCH_X86_64;
  data.instruction_pointer = rip;
  std::copy(std::begin(call.a), std::end(call.a), std::begin(data.args));
  uint32_t result = SECCOMP_RET_ALLOW;
  for (const SeccompFilter* filter = newest; filter != nullptr; filter = filter->older.get()) {
    const uint32_t one = run_bpf(filter->program, data);
    // Signed, so that KILL_PROCESS (the highest bit) is the most severe of all.
    const auto severity = static_cast<int32_t>(one & SECCOMP_RET_ACTION_FULL);
    if (severity < static_cast<int32_t>(result & SECCOMP_RET_ACTION_FULL)) result = one;
  }
  return {result & SECCOMP_RET_ACTION_FULL, static_cast<uint16_t>(result & SECCOMP_RET_DATA)};
}

int64_t Seccomp::install_filter(ProgramThread& thread, uint64_t flags, uint64_t address) {
  sock_fprog given{};
  if (!read_program(&given, address)) return -EFAULT;
  if (given.len == 0 || given.len > BPF_MAXINSNS) return -EINVAL;
  auto filter = std::make_shared<SeccompFilter>();
  filter->program.resize(given.len);
  if (!read_program(filter->program.data(), word(given.filter), given.len * sizeof(sock_filter))) {
    return -EFAULT;
  }
  const int64_t answer = check_by_kernel(filter->program, flags);
  if (answer != 0) return answer;
  filter->older = thread.seccomp;
  thread.seccomp = filter;
  if ((flags & SECCOMP_FILTER_FLAG_TSYNC) != 0) {
    const Locked held(lock_);
    shared_ = filter;
    thread.seccomp_generation = generation_.fetch_add(1) + 1;
  }
  return 0;
}

int64_t Seccomp::install_strict(ProgramThread& thread) {
  if (thread.seccomp != nullptr) return -EINVAL;
  auto filter = std::make_shared<SeccompFilter>();
  filter->strict = true;
  thread.seccomp = filter;
  return 0;
}

void Seccomp::adopt(ProgramThread& thread) {
  const Locked held(lock_);
  thread.seccomp_generation = generation_.load();
  if (shared_ != nullptr) thread.seccomp = shared_;
}

std::optional<int64_t> Seccomp::install(ProgramThread& thread, const SyscallArguments& call) {
  if (call.number == __NR_prctl && static_cast<int>(call.a[0]) == PR_SET_SECCOMP) {
    if (call.a[1] == SECCOMP_MODE_STRICT) return install_strict(thread);
    if (call.a[1] == SECCOMP_MODE_FILTER) return install_filter(thread, 0, call.a[2]);
    return -EINVAL;
  }
  if (call.number != __NR_seccomp) return std::nullopt;
  if (call.a[0] == SECCOMP_SET_MODE_STRICT) {
    return call.a[1] != 0 || call.a[2] != 0 ? -EINVAL : install_strict(thread);
  }
  const bool listens = (call.a[1] & SECCOMP_FILTER_FLAG_NEW_LISTENER) != 0;
  if (call.a[0] != SECCOMP_SET_MODE_FILTER || listens) return std::nullopt;
  return install_filter(thread, call.a[1], call.a[2]);
}

int64_t install_in_kernel(const SeccompFilter* newest) {
  for (const SeccompFilter* filter : in_order(newest)) {
    if (filter->strict) continue;  // would not have let execve pass
    const int64_t answer = give_to_kernel(filter->program, 0);
    if (answer != 0) return answer;
  }
  return 0;
}

int save_seccomp(const SeccompFilter* newest) {
  const int64_t opened = raw_syscall(__NR_memfd_create, word("seccomp"), 0);
  if (failed(opened)) return static_cast<int>(opened);
  const int fd = static_cast<int>(opened);
  for (const SeccompFilter* filter : in_order(newest)) {
    const uint64_t length = filter->program.size();
    if (!write_all(fd, &length, sizeof length) ||
        !write_all(fd, filter->program.data(), length * sizeof(sock_filter))) {
      kernel::close(fd);
      return -ENOMEM;
    }
  }
  raw_syscall(__NR_lseek, static_cast<uint64_t>(fd), 0, SEEK_SET);
  return fd;
}

std::shared_ptr<const SeccompFilter> load_seccomp(int fd) {
  const UniqueFd owned(fd);
  FilterPointer newest;
  uint64_t length = 0;
  while (read_all(fd, &length, sizeof length)) {
    if (length == 0 || length > BPF_MAXINSNS) return nullptr;
    auto filter = std::make_shared<SeccompFilter>();
    filter->program.resize(length);
    if (!read_all(fd, filter->program.data(), length * sizeof(sock_filter))) return nullptr;
    filter->older = newest;
    newest = filter;
  }
  return newest;
}

}  // namespace weft::linux

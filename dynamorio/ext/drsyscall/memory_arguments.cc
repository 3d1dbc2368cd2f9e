#include "ext/drsyscall/memory_arguments.h"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <sys/times.h>
#include <sys/uio.h>
#include <sys/utsname.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <ctime>

namespace weft::dynamorio {
namespace {

using Size = MemoryArgument::Size;

constexpr bool kIn = false;
constexpr bool kOut = true;
constexpr uint32_t kInt = sizeof(int);
/// struct sigaction as the kernel has it, and the signal set.
constexpr uint32_t kKernelAction = 32;
constexpr uint32_t kKernelSet = 8;

/// struct robust_list_head.
constexpr uint32_t kRobustList = 24;

/// What is there is no argument of theirs; the thread's word that is cleared is so at its end.
constexpr int64_t kAddressesAlone[] = {
    SYS_mmap,       SYS_mprotect,        SYS_munmap, SYS_brk,   SYS_mremap,  SYS_msync,
    SYS_madvise,    SYS_shmat,           SYS_shmdt,  SYS_mlock, SYS_munlock, SYS_rt_sigreturn,
    SYS_arch_prctl, SYS_set_tid_address, SYS_mlock2};

constexpr MemoryArgument whole(int64_t call, int argument, bool written, uint32_t bytes) {
  return {call, argument, written, Size::kConstant, bytes};
}
constexpr MemoryArgument counted(int64_t call, int argument, bool written, int count,
                                 uint32_t element = 1, bool result = false) {
  return {call, argument, written, Size::kArgument, element, count, result};
}
constexpr MemoryArgument text(int64_t call, int argument) {
  return {call, argument, kIn, Size::kString, 0};
}
constexpr MemoryArgument sized(int64_t call, int argument, bool written, int count) {
  return {call, argument, written, Size::kAtCount, 1, count};
}

/// In the order of the calls' numbers: the constructor of Table sorts.
constexpr MemoryArgument kRows[] = {
    counted(SYS_read, 1, kOut, 2, 1, true),
    counted(SYS_write, 1, kIn, 2),
    counted(SYS_pread64, 1, kOut, 2, 1, true),
    counted(SYS_pwrite64, 1, kIn, 2),
    counted(SYS_readv, 1, kIn, 2, sizeof(iovec)),
    counted(SYS_writev, 1, kIn, 2, sizeof(iovec)),
    counted(SYS_getdents64, 1, kOut, 2, 1, true),
    counted(SYS_getrandom, 0, kOut, 1, 1, true),
    text(SYS_open, 0),
    text(SYS_openat, 1),
    text(SYS_creat, 0),
    text(SYS_access, 0),
    text(SYS_faccessat, 1),
    text(SYS_faccessat2, 1),
    text(SYS_unlink, 0),
    text(SYS_unlinkat, 1),
    text(SYS_mkdir, 0),
    text(SYS_mkdirat, 1),
    text(SYS_rmdir, 0),
    text(SYS_chdir, 0),
    text(SYS_chmod, 0),
    text(SYS_chown, 0),
    text(SYS_truncate, 0),
    text(SYS_rename, 0),
    text(SYS_rename, 1),
    text(SYS_link, 0),
    text(SYS_link, 1),
    text(SYS_symlink, 0),
    text(SYS_symlink, 1),
    text(SYS_execve, 0),
    text(SYS_memfd_create, 0),
    text(SYS_readlink, 0),
    counted(SYS_readlink, 1, kOut, 2, 1, true),
    text(SYS_readlinkat, 1),
    counted(SYS_readlinkat, 2, kOut, 3, 1, true),
    counted(SYS_getcwd, 0, kOut, 1, 1, true),
    text(SYS_stat, 0),
    whole(SYS_stat, 1, kOut, sizeof(struct stat)),
    text(SYS_lstat, 0),
    whole(SYS_lstat, 1, kOut, sizeof(struct stat)),
    whole(SYS_fstat, 1, kOut, sizeof(struct stat)),
    text(SYS_newfstatat, 1),
    whole(SYS_newfstatat, 2, kOut, sizeof(struct stat)),
    text(SYS_statfs, 0),
    whole(SYS_statfs, 1, kOut, sizeof(struct statfs)),
    whole(SYS_fstatfs, 1, kOut, sizeof(struct statfs)),
    text(SYS_statx, 1),
    whole(SYS_statx, 4, kOut, sizeof(struct statx)),
    whole(SYS_pipe, 0, kOut, 2 * kInt),
    whole(SYS_pipe2, 0, kOut, 2 * kInt),
    counted(SYS_poll, 0, kIn, 1, sizeof(pollfd)),
    counted(SYS_poll, 0, kOut, 1, sizeof(pollfd)),
    counted(SYS_ppoll, 0, kIn, 1, sizeof(pollfd)),
    counted(SYS_ppoll, 0, kOut, 1, sizeof(pollfd)),
    whole(SYS_ppoll, 2, kIn, sizeof(timespec)),
    whole(SYS_epoll_ctl, 3, kIn, sizeof(epoll_event)),
    counted(SYS_epoll_wait, 1, kOut, 2, sizeof(epoll_event), true),
    counted(SYS_epoll_pwait, 1, kOut, 2, sizeof(epoll_event), true),
    whole(SYS_nanosleep, 0, kIn, sizeof(timespec)),
    whole(SYS_nanosleep, 1, kOut, sizeof(timespec)),
    whole(SYS_clock_nanosleep, 2, kIn, sizeof(timespec)),
    whole(SYS_clock_nanosleep, 3, kOut, sizeof(timespec)),
    whole(SYS_clock_gettime, 1, kOut, sizeof(timespec)),
    whole(SYS_clock_getres, 1, kOut, sizeof(timespec)),
    whole(SYS_clock_settime, 1, kIn, sizeof(timespec)),
    whole(SYS_gettimeofday, 0, kOut, sizeof(timeval)),
    whole(SYS_time, 0, kOut, sizeof(time_t)),
    whole(SYS_times, 0, kOut, sizeof(tms)),
    whole(SYS_getitimer, 1, kOut, sizeof(itimerval)),
    whole(SYS_setitimer, 1, kIn, sizeof(itimerval)),
    whole(SYS_setitimer, 2, kOut, sizeof(itimerval)),
    whole(SYS_getrusage, 1, kOut, sizeof(rusage)),
    whole(SYS_getrlimit, 1, kOut, sizeof(rlimit)),
    whole(SYS_setrlimit, 1, kIn, sizeof(rlimit)),
    whole(SYS_prlimit64, 2, kIn, sizeof(rlimit)),
    whole(SYS_prlimit64, 3, kOut, sizeof(rlimit)),
    whole(SYS_uname, 0, kOut, sizeof(utsname)),
    whole(SYS_sysinfo, 0, kOut, sizeof(struct sysinfo)),
    whole(SYS_wait4, 1, kOut, kInt),
    whole(SYS_wait4, 3, kOut, sizeof(rusage)),
    whole(SYS_rt_sigaction, 1, kIn, kKernelAction),
    whole(SYS_rt_sigaction, 2, kOut, kKernelAction),
    whole(SYS_rt_sigprocmask, 1, kIn, kKernelSet),
    whole(SYS_rt_sigprocmask, 2, kOut, kKernelSet),
    whole(SYS_rt_sigsuspend, 0, kIn, kKernelSet),
    whole(SYS_sigaltstack, 0, kIn, sizeof(stack_t)),
    whole(SYS_sigaltstack, 1, kOut, sizeof(stack_t)),
    counted(SYS_bind, 1, kIn, 2),
    counted(SYS_connect, 1, kIn, 2),
    sized(SYS_accept, 1, kOut, 2),
    sized(SYS_accept4, 1, kOut, 2),
    sized(SYS_getsockname, 1, kOut, 2),
    sized(SYS_getpeername, 1, kOut, 2),
    counted(SYS_setsockopt, 3, kIn, 4),
    sized(SYS_getsockopt, 3, kOut, 4),
    whole(SYS_socketpair, 3, kOut, 2 * kInt),
    counted(SYS_sendto, 1, kIn, 2),
    counted(SYS_sendto, 4, kIn, 5),
    counted(SYS_recvfrom, 1, kOut, 2, 1, true),
    sized(SYS_recvfrom, 4, kOut, 5),
    whole(SYS_sendmsg, 1, kIn, sizeof(msghdr)),
    whole(SYS_recvmsg, 1, kIn, sizeof(msghdr)),
    whole(SYS_futex, 0, kIn, kInt),
    counted(SYS_sched_getaffinity, 2, kOut, 1, 1, true),
    counted(SYS_sched_setaffinity, 2, kIn, 1),
    whole(SYS_set_robust_list, 0, kIn, kRobustList),
    counted(SYS_rseq, 0, kIn, 1),
    whole(SYS_clone, 2, kOut, kInt),
    counted(SYS_clone3, 0, kIn, 1),
    whole(SYS_sendfile, 2, kIn, sizeof(off_t)),
    text(SYS_chroot, 0),
    text(SYS_mknod, 0),
    text(SYS_lchown, 0),
    text(SYS_fchownat, 1),
    text(SYS_fchmodat, 1),
    text(SYS_symlinkat, 0),
    text(SYS_symlinkat, 2),
    text(SYS_linkat, 1),
    text(SYS_linkat, 3),
    text(SYS_renameat, 1),
    text(SYS_renameat, 3),
    text(SYS_renameat2, 1),
    text(SYS_renameat2, 3),
    text(SYS_utime, 0),
    text(SYS_utimes, 0),
    text(SYS_utimensat, 1),
    whole(SYS_utimensat, 2, kIn, 2 * sizeof(timespec)),
    counted(SYS_getdents, 1, kOut, 2, 1, true),
    counted(SYS_preadv, 1, kIn, 2, sizeof(iovec)),
    counted(SYS_pwritev, 1, kIn, 2, sizeof(iovec)),
    counted(SYS_getgroups, 1, kOut, 0, sizeof(gid_t), true),
    counted(SYS_setgroups, 1, kIn, 0, sizeof(gid_t)),
    whole(SYS_getresuid, 0, kOut, sizeof(uid_t)),
    whole(SYS_getresuid, 1, kOut, sizeof(uid_t)),
    whole(SYS_getresuid, 2, kOut, sizeof(uid_t)),
    whole(SYS_getresgid, 0, kOut, sizeof(gid_t)),
    whole(SYS_getresgid, 1, kOut, sizeof(gid_t)),
    whole(SYS_getresgid, 2, kOut, sizeof(gid_t)),
    whole(SYS_rt_sigpending, 0, kOut, kKernelSet),
    whole(SYS_rt_sigtimedwait, 0, kIn, kKernelSet),
    whole(SYS_rt_sigtimedwait, 1, kOut, sizeof(siginfo_t)),
    whole(SYS_rt_sigtimedwait, 2, kIn, sizeof(timespec)),
    whole(SYS_rt_sigqueueinfo, 2, kIn, sizeof(siginfo_t)),
    whole(SYS_rt_tgsigqueueinfo, 3, kIn, sizeof(siginfo_t)),
};

struct Table {
  std::array<MemoryArgument, std::size(kRows)> rows;
  Table() {
    std::copy(std::begin(kRows), std::end(kRows), rows.begin());
    std::stable_sort(rows.begin(), rows.end(),
                     [](const auto& one, const auto& other) { return one.call < other.call; });
  }
};

}  // namespace

std::span<const MemoryArgument> memory_arguments(int64_t call) {
  static const Table table;
  const auto [first, last] = std::equal_range(
      table.rows.begin(), table.rows.end(), MemoryArgument{call, 0, kIn, Size::kConstant, 0},
      [](const auto& one, const auto& other) { return one.call < other.call; });
  return {first, last};
}

bool takes_addresses_alone(int64_t call) {
  return std::find(std::begin(kAddressesAlone), std::end(kAddressesAlone), call) !=
         std::end(kAddressesAlone);
}

}  // namespace weft::dynamorio

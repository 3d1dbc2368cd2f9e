#include "linux/call/memory/written_memory.h"

#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include <algorithm>
#include <csignal>

#include "linux/call/table.h"
#include "linux/kernel/program_memory.h"
#include "linux/memory/layout.h"

namespace weft::linux {
namespace {

using Visit = std::function<void(AppRange)>;

void visit_buffer(uint64_t address, uint64_t size, const Visit& visit) {
  if (size == 0 || address >= kUserEnd) return;
  visit({{address}, {address + std::min(size, kUserEnd - address)}});
}

void visit_vector(uint64_t address, uint64_t count, const Visit& visit) {
  constexpr uint64_t kMost = 1024;  // UIO_MAXIOV
  for (uint64_t i = 0; i < std::min(count, kMost); ++i) {
    iovec part{};
    if (!read_program(&part, address + i * sizeof part)) return;
    visit_buffer(reinterpret_cast<uint64_t>(part.iov_base), part.iov_len, visit);
  }
}

void visit_message(uint64_t address, const Visit& visit) {
  msghdr message{};
  if (!read_program(&message, address)) return;
  visit_buffer(address, sizeof message, visit);
  visit_buffer(reinterpret_cast<uint64_t>(message.msg_name), message.msg_namelen, visit);
  visit_buffer(reinterpret_cast<uint64_t>(message.msg_control), message.msg_controllen, visit);
  visit_vector(reinterpret_cast<uint64_t>(message.msg_iov), message.msg_iovlen, visit);
}

void visit_messages(uint64_t address, uint64_t count, const Visit& visit) {
  constexpr uint64_t kMost = 1024;
  for (uint64_t i = 0; i < std::min(count, kMost); ++i) {
    visit_message(address + i * sizeof(mmsghdr), visit);
  }
}

/// What calls write that have taken something away, or changed it, by the time they fail to tell of
/// it: made again, they would not do the same.
void visit_results(const SyscallArguments& call, const Visit& visit) {
  constexpr uint64_t kNumber = 4;
  constexpr uint64_t kOffset = 8;
  constexpr uint64_t kTimes = 32;  // an itimerval, an itimerspec
  constexpr uint64_t kUsage = sizeof(rusage);
  constexpr uint64_t kName = sizeof(sockaddr_storage);
  constexpr uint64_t kMessageType = 8;
  const auto& a = call.a;
  const auto both = [&](int one, uint64_t size, int other, uint64_t other_size) {
    visit_buffer(a[one], size, visit);
    visit_buffer(a[other], other_size, visit);
  };
  switch (call.number) {
    case __NR_wait4:
      return both(1, kNumber, 3, kUsage);
    case __NR_waitid:
      return both(2, sizeof(siginfo_t), 4, kUsage);
    case __NR_accept:
    case __NR_accept4:
      return both(1, kName, 2, kNumber);
    case __NR_recvfrom:
      return both(4, kName, 5, kNumber);
    case __NR_getsockopt:
      return both(3, kName, 4, kNumber);
    case __NR_msgrcv:
      return visit_buffer(a[1], a[2] + kMessageType, visit);
    case __NR_mq_timedreceive:
      return both(1, a[2], 3, kNumber);
    case __NR_splice:
    case __NR_copy_file_range:
      return both(1, kOffset, 3, kOffset);
    case __NR_sendfile:
      return visit_buffer(a[2], kOffset, visit);
    case __NR_timer_settime:
    case __NR_timerfd_settime:
      return visit_buffer(a[3], kTimes, visit);
    case __NR_setitimer:
      return visit_buffer(a[2], kTimes, visit);
    case __NR_epoll_wait:
    case __NR_epoll_pwait:
    case __NR_epoll_pwait2:
      return visit_buffer(a[1], a[2] * sizeof(epoll_event), visit);
    case __NR_io_getevents:
    case __NR_io_pgetevents:
      return visit_buffer(a[3], a[2] * kTimes, visit);
    default:
      return;
  }
}

}  // namespace

void for_each_filled_buffer(const SyscallArguments& call, const Visit& visit) {
  visit_results(call, visit);
  const auto& a = call.a;
  const FilledBuffer fills = system_call(call.number).fills;
  switch (fills.kind) {
    case Fills::kNothing:
      return;
    case Fills::kBytes:
      return visit_buffer(a[fills.address], a[fills.count], visit);
    case Fills::kVector:
      // Of another process, these are addresses that mean nothing here, and do no harm.
      return visit_vector(a[fills.address], a[fills.count], visit);
    case Fills::kMessage:
      return visit_message(a[fills.address], visit);
    case Fills::kMessages:
      return visit_messages(a[fills.address], a[fills.count], visit);
  }
}

bool writes_unseen(const SyscallArguments& call) {
  switch (call.number) {
    case __NR_io_submit:
    case __NR_io_uring_enter:
    case __NR_io_uring_register:
      return true;
    default:
      return false;
  }
}

bool prepares_unseen_writes(const SyscallArguments& call) {
  return call.number == __NR_io_setup || call.number == __NR_io_uring_setup;
}

bool writes_through_structures(const SyscallArguments& call) {
  return call.number == __NR_ioctl || call.number == __NR_io_getevents ||
         call.number == __NR_io_pgetevents;
}

}  // namespace weft::linux

#include "linux/sys_written_memory.h"

#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include <algorithm>

#include "linux/layout.h"
#include "linux/sys_program_memory.h"

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

}  // namespace

void for_each_filled_buffer(const SyscallArguments& call, const Visit& visit) {
  const auto& a = call.a;
  switch (call.number) {
    case __NR_read:
    case __NR_pread64:
    case __NR_recvfrom:
    case __NR_readlink:
    case __NR_getdents64:
      return visit_buffer(a[1], a[2], visit);
    case __NR_getrandom:
    case __NR_getcwd:
      return visit_buffer(a[0], a[1], visit);
    case __NR_readlinkat:
    case __NR_getxattr:
    case __NR_fgetxattr:
      return visit_buffer(a[2], a[3], visit);
    case __NR_readv:
    case __NR_preadv:
    case __NR_preadv2:
    case __NR_process_vm_readv:
      return visit_vector(a[1], a[2], visit);
    case __NR_process_vm_writev:
      // Of another process, these are addresses that mean nothing here, and do no harm.
      return visit_vector(a[3], a[4], visit);
    case __NR_recvmsg:
      return visit_message(a[1], visit);
    case __NR_recvmmsg:
      return visit_messages(a[1], a[2], visit);
    default:
      return;
  }
}

bool writes_through_structures(const SyscallArguments& call) {
  return call.number == __NR_ioctl || call.number == __NR_io_getevents ||
         call.number == __NR_io_submit || call.number == __NR_io_uring_enter;
}

}  // namespace weft::linux

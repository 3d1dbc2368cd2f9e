// What fork, vfork, clone and clone3 ask for, in one form.

#include <linux/sched.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstring>
#include <vector>

#include "linux/call/process/clone.h"
#include "linux/kernel/program_memory.h"
#include "linux/memory/layout.h"

namespace weft::linux {
namespace {

constexpr uint64_t kExitSignalMask = CSIGNAL;
/// The one namespace flag among the bits that clone has for the exit signal.
constexpr uint64_t kNewTime = 0x80;
constexpr uint64_t kSmallestArguments = 64;  // CLONE_ARGS_SIZE_VER0

int64_t read_clone3(uint64_t address, uint64_t size, CloneRequest* request) {
  if (size < kSmallestArguments) return -EINVAL;
  if (size > kPageSize) return -E2BIG;
  std::vector<uint8_t> bytes(std::max(size, sizeof(clone_args)));
  if (!read_program(bytes.data(), address, size)) return -EFAULT;
  const auto beyond = bytes.begin() + static_cast<std::ptrdiff_t>(sizeof(clone_args));
  if (std::any_of(beyond, bytes.end(), [](uint8_t byte) { return byte != 0; })) return -E2BIG;
  clone_args args{};
  std::memcpy(&args, bytes.data(), sizeof args);
  if ((args.flags & (kExitSignalMask & ~kNewTime)) != 0 || (args.flags & CLONE_DETACHED) != 0 ||
      (args.exit_signal & ~kExitSignalMask) != 0 || args.exit_signal > 64 ||
      (args.stack == 0) != (args.stack_size == 0)) {
    return -EINVAL;
  }
  if ((args.flags & (CLONE_THREAD | CLONE_PARENT)) != 0 && args.exit_signal != 0) return -EINVAL;
  request->flags = args.flags;
  request->exit_signal = args.exit_signal;
  request->stack = args.stack + args.stack_size;
  request->parent_tid = args.parent_tid;
  request->child_tid = args.child_tid;
  request->tls = args.tls;
  request->pidfd = args.pidfd;
  request->set_tid = args.set_tid;
  request->set_tid_size = args.set_tid_size;
  request->cgroup = args.cgroup;
  return 0;
}

}  // namespace

bool CloneRequest::needs_clone3() const {
  constexpr uint64_t kOldFlags = 0xffffffffU & ~kExitSignalMask;
  const bool two_tid_words = (flags & CLONE_PIDFD) != 0 && pidfd != parent_tid;
  return (flags & ~kOldFlags) != 0 || set_tid_size != 0 || two_tid_words;
}

int64_t read_clone_request(const SyscallArguments& call, CloneRequest* request) {
  switch (call.number) {
    case __NR_fork:
      request->exit_signal = SIGCHLD;
      return 0;
    case __NR_vfork:
      request->flags = CLONE_VM | CLONE_VFORK;
      request->exit_signal = SIGCHLD;
      return 0;
    case __NR_clone:
      request->flags = call.a[0] & 0xffffffffU & ~kExitSignalMask;
      request->exit_signal = call.a[0] & kExitSignalMask;
      request->stack = call.a[1];
      request->parent_tid = call.a[2];
      request->pidfd = call.a[2];
      request->child_tid = call.a[3];
      request->tls = call.a[4];
      return 0;
    default:
      return read_clone3(call.a[0], call.a[1], request);
  }
}

int64_t check_clone_request(const CloneRequest& request) {
  const uint64_t flags = request.flags;
  const auto has = [flags](uint64_t bits) { return (flags & bits) != 0; };
  if (has(CLONE_FS) && has(CLONE_NEWNS | CLONE_NEWUSER)) return -EINVAL;
  if (has(CLONE_THREAD) && !has(CLONE_SIGHAND)) return -EINVAL;
  if (has(CLONE_SIGHAND) && !has(CLONE_VM)) return -EINVAL;
  if (has(CLONE_SIGHAND) && has(CLONE_CLEAR_SIGHAND)) return -EINVAL;
  if (has(CLONE_THREAD) && has(CLONE_NEWUSER | CLONE_NEWPID | CLONE_PIDFD)) return -EINVAL;
  if (has(CLONE_SETTLS) && request.tls >= kUserEnd) return -EPERM;
  return 0;
}

}  // namespace weft::linux

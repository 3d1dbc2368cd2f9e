#include "linux/call/process/prctl.h"

#include <asm/prctl.h>
#include <sys/prctl.h>

#include <algorithm>
#include <cerrno>

#include "linux/kernel/program_memory.h"
#include "linux/kernel/raw_syscall.h"
#include "linux/memory/layout.h"

namespace weft::linux {
namespace {

int64_t set_base(uint64_t& base, uint64_t address) {
  if (address >= kUserEnd) return -EPERM;
  base = address;
  return 0;
}

}  // namespace

int64_t arch_prctl(x86::CpuContext& context, const SyscallArguments& call) {
  const auto code = static_cast<int>(call.a[0]);
  switch (code) {
    case ARCH_SET_FS:
      return set_base(context.fs_base, call.a[1]);
    case ARCH_SET_GS:
      return set_base(context.gs_base, call.a[1]);
    case ARCH_GET_FS:
      return write_program(call.a[1], context.fs_base) ? 0 : -EFAULT;
    case ARCH_GET_GS:
      return write_program(call.a[1], context.gs_base) ? 0 : -EFAULT;
    default:
      break;
  }
  // Hardware shadow stacks know nothing of the code cache's returns: as on a CPU without them.
  constexpr int kFirstShadowStackCode = 0x5001;
  constexpr int kLastShadowStackCode = 0x5005;
  if (code >= kFirstShadowStackCode && code <= kLastShadowStackCode) return -EINVAL;
  return raw_syscall(call.number, call.a[0], call.a[1]);
}

std::optional<int64_t> answer_prctl(const SyscallArguments& call,
                                    const std::vector<uint8_t>& auxv) {
  constexpr int kGetAuxv = 0x41555856;
  switch (static_cast<int>(call.a[0])) {
    case PR_SET_SYSCALL_USER_DISPATCH:
      // Would send the runtime's own calls to the program's handler.
      return -EINVAL;
    case PR_SET_MM:
      // About the kernel's break and areas, which are the runtime's: as without the privilege. How
      // large their description is, anyone may ask.
      if (call.a[1] == PR_SET_MM_MAP_SIZE) return std::nullopt;
      return -EPERM;
    case kGetAuxv:
      if (auxv.empty()) return std::nullopt;
      if ((call.a[3] | call.a[4]) != 0) return -EINVAL;
      if (!write_program(call.a[1], auxv.data(), std::min<size_t>(call.a[2], auxv.size()))) {
        return -EFAULT;
      }
      return static_cast<int64_t>(auxv.size());
    default:
      return std::nullopt;
  }
}

}  // namespace weft::linux

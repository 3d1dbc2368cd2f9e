#include "linux/call/process/membarrier.h"

#include <linux/membarrier.h>

#include <cerrno>

#include "linux/kernel/raw_syscall.h"

namespace weft::linux {
namespace {

// A kernel without rseq has no barrier for it either; libraries that find one rely on both.
constexpr int kOfRseq =
    MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ | MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ;
constexpr int kRegistrations = 1 << 9;  // MEMBARRIER_CMD_GET_REGISTRATIONS

/// The command by which a process registers for `command`; 0 if none is needed.
int registration_for(int command) {
  switch (command) {
    case MEMBARRIER_CMD_PRIVATE_EXPEDITED:
      return MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED;
    case MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE:
      return MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE;
    default:
      return 0;
  }
}

bool registers(int command) {
  return command == MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED ||
         command == MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED ||
         command == MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE;
}

}  // namespace

std::optional<int64_t> Membarrier::intercept(const SyscallArguments& call) const {
  if (call.number != __NR_membarrier) return std::nullopt;
  const auto command = static_cast<int>(call.a[0]);
  if ((command & kOfRseq) != 0) return -EINVAL;
  // The kernel has errors of its own for flags.
  if (static_cast<uint32_t>(call.a[1]) != 0) return std::nullopt;
  if (command == MEMBARRIER_CMD_QUERY) {
    const int64_t commands = raw_syscall(__NR_membarrier, MEMBARRIER_CMD_QUERY, 0);
    return commands < 0 ? commands : commands & ~int64_t{kOfRseq};
  }
  const int64_t registered = registered_.load(std::memory_order_relaxed);
  if (command == kRegistrations) {
    const int64_t all = raw_syscall(__NR_membarrier, kRegistrations, 0);
    // Who is registered for barriers of cores counts as registered for those of memory.
    constexpr int kCores = MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE;
    constexpr int kMemory = MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED;
    if (all < 0) return all;
    return (registered & kCores) != 0 ? registered | kMemory : registered;
  }
  const int needed = registration_for(command);
  if (needed == 0 || (registered & needed) != 0) return std::nullopt;
  // Whether there is such a command comes before whether it may be used.
  const int64_t commands = raw_syscall(__NR_membarrier, MEMBARRIER_CMD_QUERY, 0);
  return commands < 0 || (commands & command) == 0 ? -EINVAL : -EPERM;
}

void Membarrier::after(const SyscallArguments& call, int64_t result) {
  const auto command = static_cast<int>(call.a[0]);
  if (call.number != __NR_membarrier || result != 0 || !registers(command)) return;
  registered_.fetch_or(command, std::memory_order_relaxed);
}

}  // namespace weft::linux

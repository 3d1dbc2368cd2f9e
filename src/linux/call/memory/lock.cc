// mlockall, munlockall and mincore: calls about the whole address space, or about any part of it,
// for the program's part of it alone.

#include <sys/mman.h>

#include <algorithm>
#include <cerrno>

#include "linux/call/memory/memory.h"
#include "linux/call/memory/ranges.h"
#include "linux/kernel/raw_syscall.h"

namespace weft::linux {
namespace {

#ifndef MCL_ONFAULT
constexpr int MCL_ONFAULT = 4;
#endif
#ifndef MLOCK_ONFAULT
constexpr uint64_t MLOCK_ONFAULT = 1;
#endif

}  // namespace

// The kernel's mlockall would populate all that the runtime has reserved, the shadow map included:
// what is there is locked piece by piece, and what comes is locked as it is mapped.
int64_t MemoryCalls::lock_all(int flags) {
  if (flags == 0 || (flags & ~(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT)) != 0 ||
      flags == MCL_ONFAULT) {
    return -EINVAL;
  }
  lock_future_.store((flags & MCL_FUTURE) != 0, std::memory_order_relaxed);
  if ((flags & MCL_CURRENT) == 0) return 0;
  const uint64_t lock_flags = (flags & MCL_ONFAULT) != 0 ? MLOCK_ONFAULT : 0;
  int64_t result = 0;
  space_.for_each([&](const Mapping& mapping) {
    if (mapping.owner != Owner::kProgram || mapping.prot == PROT_NONE) return;
    const int64_t locked =
        raw_syscall(__NR_mlock2, mapping.range.start.value, mapping.range.size(), lock_flags);
    // Over the limit, or not allowed at all, is the program's business; the rest cannot be locked.
    if (locked == -EPERM || locked == -EAGAIN) result = locked;
    if (locked == -ENOMEM && mapping.label == Label::kNone) result = locked;
  });
  return result;
}

int64_t MemoryCalls::unlock_all() {
  lock_future_.store(false, std::memory_order_relaxed);
  return raw_syscall(__NR_munlockall);
}

int64_t MemoryCalls::in_core(uint64_t address, uint64_t length, uint64_t vector) {
  if (!aligned(address)) return -EINVAL;
  if (!possible(address, length)) return -ENOMEM;
  if (length != 0 && !owns(range_of(address, length))) return -ENOMEM;
  return raw_syscall(__NR_mincore, address, length, vector);
}

}  // namespace weft::linux

#include "cache/code_barrier.h"

#include <linux/membarrier.h>
#include <sys/mman.h>

#include "base/address.h"
#include "linux/kernel/calls.h"
#include "linux/kernel/raw_syscall.h"

namespace weft::cache {
namespace {

/// Without membarrier: taking away a right to a page that is in use makes the kernel interrupt
/// every processor that runs a thread of this process, and the return from an interrupt serialises.
void interrupt_processors() {
  const int64_t page =
      linux::raw_syscall(__NR_mmap, 0, kPageSize, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS, static_cast<uint64_t>(-1), 0);
  if (linux::failed(page)) return;
  *reinterpret_cast<volatile char*>(page) = 1;
  linux::raw_syscall(__NR_mprotect, static_cast<uint64_t>(page), kPageSize, PROT_READ);
  linux::kernel::unmap(static_cast<uint64_t>(page), kPageSize);
}

}  // namespace

bool CodeBarrier::register_process() {
  const int64_t done =
      linux::raw_syscall(__NR_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE);
  registered_.store(done == 0, std::memory_order_relaxed);
  return done == 0;
}

void CodeBarrier::start() { register_process(); }

void CodeBarrier::threads() {
  if (registered_.load(std::memory_order_relaxed)) {
    const auto barrier = [] {
      return linux::raw_syscall(__NR_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE) == 0;
    };
    if (barrier()) return;
    // A child of fork may have to register again.
    if (register_process() && barrier()) return;
  }
  interrupt_processors();
}

}  // namespace weft::cache

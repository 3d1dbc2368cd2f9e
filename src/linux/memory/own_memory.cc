#include "linux/memory/own_memory.h"

#include <fcntl.h>

#include "linux/kernel/calls.h"
#include "linux/kernel/raw_syscall.h"
#include "linux/kernel/surroundings.h"

namespace weft::linux {

void OwnMemory::open(const std::function<int(int)>& keep) {
  // Relaxed: of two threads that open it at once, one wins, and the other's descriptor stays
  // unused.
  if (fd_.load(std::memory_order_relaxed) != kUntried) return;
  const int64_t opened = Surroundings::instance().open_proc("/proc/self/mem", O_RDWR | O_CLOEXEC);
  int kept = kUnavailable;
  if (!failed(opened)) {
    kept = keep(static_cast<int>(opened));
    if (kept < 0) kernel::close(opened);
  }
  fd_.store(kept, std::memory_order_relaxed);
}

bool OwnMemory::write(uint64_t address, const void* data, size_t size) const {
  const int fd = fd_.load(std::memory_order_relaxed);
  if (fd < 0) return false;
  return raw_syscall(__NR_pwrite64, static_cast<uint64_t>(fd), word(data), size, address) ==
         static_cast<int64_t>(size);
}

bool OwnMemory::read(void* to, uint64_t address, size_t size) const {
  const int fd = fd_.load(std::memory_order_relaxed);
  if (fd < 0) return false;
  return raw_syscall(__NR_pread64, static_cast<uint64_t>(fd), word(to), size, address) ==
         static_cast<int64_t>(size);
}

}  // namespace weft::linux

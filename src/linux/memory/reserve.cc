#include "linux/memory/reserve.h"

#include <sys/mman.h>

#include <cerrno>

#include "linux/kernel/calls.h"
#include "linux/kernel/raw_syscall.h"

namespace weft::linux {

int64_t reserve_memory(AppRange range) {
  const int64_t got =
      raw_syscall(__NR_mmap, range.start.value, range.size(), PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE,
                  static_cast<uint64_t>(-1), 0);
  if (failed(got)) return got;
  // Old kernels treat the address as a hint.
  if (static_cast<uint64_t>(got) != range.start.value) {
    kernel::unmap(static_cast<uint64_t>(got), range.size());
    return -EEXIST;
  }
  // Best effort: a core dump without it is only larger.
  raw_syscall(__NR_madvise, range.start.value, range.size(), MADV_DONTDUMP);
  // A huge page would serve 256 KB of code, or a few records, at the price of 2 MB of memory.
  raw_syscall(__NR_madvise, range.start.value, range.size(), MADV_NOHUGEPAGE);
  return 0;
}

}  // namespace weft::linux

#include "linux/memory/spare_memory.h"

#include <sys/mman.h>

#include <atomic>
#include <cstdint>

#include "linux/kernel/raw_syscall.h"

namespace weft::linux {
namespace {

/// What the record of 65,536 mappings takes, the most that the kernel allows by default.
constexpr uint64_t kSize = 16u << 20;

// operator new has no object that could own it.
uint64_t spare_start = 0;  ///< 0: there is none; constant once the program runs
std::atomic<uint64_t> spare_used{0};
std::atomic<bool> spare_is_open{false};

/// All of it: of parts, each would be a mapping more, and the kernel may allow no more.
bool open_spare_memory() {
  if (spare_is_open.load(std::memory_order_acquire)) return true;
  const int64_t result = raw_syscall(__NR_mprotect, spare_start, kSize, PROT_READ | PROT_WRITE);
  if (failed(result)) return false;
  spare_is_open.store(true, std::memory_order_release);
  return true;
}

}  // namespace

void set_spare_memory_aside() {
  // Not writable before it is needed: until then it is nobody's data to the kernel's limits.
  const int64_t place = raw_syscall(__NR_mmap, 0, kSize, PROT_NONE,
                                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, ~uint64_t{0}, 0);
  if (!failed(place)) spare_start = static_cast<uint64_t>(place);
}

void* take_spare_memory(std::size_t size, std::size_t alignment) {
  if (spare_start == 0 || size > kSize || !open_spare_memory()) return nullptr;
  uint64_t used = spare_used.load(std::memory_order_relaxed);
  uint64_t at = 0;
  do {
    at = (used + alignment - 1) / alignment * alignment;
    if (at + size > kSize) return nullptr;
  } while (!spare_used.compare_exchange_weak(used, at + size, std::memory_order_relaxed));
  return reinterpret_cast<void*>(spare_start + at);
}

bool is_spare_memory(const void* memory) {
  return spare_start != 0 && reinterpret_cast<uint64_t>(memory) - spare_start < kSize;
}

}  // namespace weft::linux

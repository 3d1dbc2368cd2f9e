#include "linux/kernel/runtime_words.h"

#include <sys/mman.h>

#include <cerrno>

#include "linux/kernel/calls.h"
#include "linux/kernel/raw_syscall.h"

namespace weft::linux {

Status map_runtime_words(AppRange range) {
  void* const place = reinterpret_cast<void*>(range.start.value);
  void* const got = mmap(place, range.size(), PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
  if (got == MAP_FAILED) return Error{"no room for tools' counters beside the code cache", errno};
  if (got == place) return Unit{};
  munmap(got, range.size());
  return Error{"no room for tools' counters beside the code cache", EEXIST};
}

AppRange map_nothing() {
  constexpr size_t kSize = 64u << 10;
  void* const got =
      mmap(nullptr, kSize, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (got == MAP_FAILED) return {};
  const AppPc start{reinterpret_cast<uint64_t>(got)};
  return {start, start + kSize};
}

void* map_runtime_words(uint64_t size, InChild in_child) {
  const int sharing = in_child == InChild::kShared ? MAP_SHARED : MAP_PRIVATE;
  const int64_t mapped = raw_syscall(__NR_mmap, 0, size, PROT_READ | PROT_WRITE,
                                     static_cast<uint64_t>(sharing | MAP_ANONYMOUS | MAP_NORESERVE),
                                     static_cast<uint64_t>(-1), 0);
  return failed(mapped) ? nullptr : reinterpret_cast<void*>(mapped);
}

void unmap_runtime_words(void* memory, uint64_t size) { kernel::unmap(word(memory), size); }

}  // namespace weft::linux

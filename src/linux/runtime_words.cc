#include "linux/runtime_words.h"

#include <sys/mman.h>

#include <cerrno>

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

}  // namespace weft::linux

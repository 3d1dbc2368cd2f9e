#include "linux/memory/image_memory.h"

#include <sys/mman.h>

#include "linux/kernel/raw_syscall.h"

namespace weft::linux {
namespace {

/// Nobody writes all of it, so no memory is set aside.
constexpr int kOwnCopy = MAP_PRIVATE | MAP_NORESERVE;

}  // namespace

bool map_code_from(int fd, uint64_t offset, AppRange range) {
  const int64_t mapped =
      raw_syscall(__NR_mmap, range.start.value, range.size(), PROT_READ | PROT_WRITE | PROT_EXEC,
                  kOwnCopy | MAP_FIXED, static_cast<uint64_t>(fd), offset);
  return !failed(mapped);
}

uint64_t map_words_from(int fd, uint64_t offset, uint64_t size) {
  const int64_t mapped = raw_syscall(__NR_mmap, 0, size, PROT_READ | PROT_WRITE, kOwnCopy,
                                     static_cast<uint64_t>(fd), offset);
  return failed(mapped) ? 0 : static_cast<uint64_t>(mapped);
}

bool move_words(uint64_t from, AppRange to) {
  const int64_t moved = raw_syscall(__NR_mremap, from, to.size(), to.size(),
                                    MREMAP_MAYMOVE | MREMAP_FIXED, to.start.value);
  return !failed(moved);
}

void find_resident(uint64_t start, std::span<uint8_t> pages) {
  raw_syscall(__NR_mincore, start, pages.size() * kPageSize, word(pages.data()));
  constexpr uint8_t kResident = 1;
  for (uint8_t& page : pages) page &= kResident;
}

}  // namespace weft::linux

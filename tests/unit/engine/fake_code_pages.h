// Pages of this test's process that stand for a program's writable code.
#pragma once

#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/check.h"
#include "linux/memory/address_space.h"

namespace weft::engine::test {

inline constexpr int kAll = PROT_READ | PROT_WRITE | PROT_EXEC;

/// Whether the kernel lets this process write the byte at `pc`.
inline bool kernel_lets_write(AppPc pc) {
  uint8_t byte = *pc.bytes();
  const iovec from{&byte, 1};
  const iovec to{reinterpret_cast<void*>(pc.value), 1};
  return process_vm_writev(getpid(), &from, 1, &to, 1, 0) == 1;
}

/// Writable code of a program, `count` pages, and a page behind it where nothing is mapped.
class FakePages {
 public:
  explicit FakePages(linux::AddressSpace& space, uint64_t count = 4,
                     int kind = MAP_PRIVATE | MAP_ANONYMOUS)
      : size_(count * kPageSize), memory_(mmap(nullptr, size_ + kPageSize, kAll, kind, -1, 0)) {
    CHECK(memory_ != MAP_FAILED);
    CHECK(munmap(static_cast<uint8_t*>(memory_) + size_, kPageSize) == 0);
    linux::Mapping mapping;
    mapping.range = range();
    mapping.prot = kAll;
    mapping.flags = kind;
    space.note_map(mapping);
  }
  ~FakePages() { munmap(memory_, size_); }
  FakePages(const FakePages&) = delete;
  FakePages& operator=(const FakePages&) = delete;

  AppPc page(uint64_t number) const { return start() + number * kPageSize; }
  AppPc start() const { return {reinterpret_cast<uint64_t>(memory_)}; }
  AppRange range() const { return {start(), start() + size_}; }
  AppRange pages(uint64_t first, uint64_t count) const {
    return {page(first), page(first + count)};
  }
  void set_kernel_protection(int prot) const { CHECK(mprotect(memory_, size_, prot) == 0); }

 private:
  uint64_t size_;
  void* memory_;
};

}  // namespace weft::engine::test

// operator new and delete of the whole process, tools included: libc's, which find the thread's
// caches by fs (see base/runtime_fs.h).
#include <cstddef>
#include <cstdlib>
#include <new>

#include "base/runtime_fs.h"
#include "linux/memory/spare_memory.h"

// Sanitizers have their own.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

namespace {

void* allocate(std::size_t size) noexcept {
  weft::need_runtime_fs();
  if (void* const memory = std::malloc(size != 0 ? size : 1)) return memory;
  return weft::linux::take_spare_memory(size, alignof(std::max_align_t));
}

void* allocate(std::size_t size, std::align_val_t alignment) noexcept {
  weft::need_runtime_fs();
  const auto unit = static_cast<std::size_t>(alignment);
  if (void* const memory = std::aligned_alloc(unit, (size + unit - 1) / unit * unit)) return memory;
  return weft::linux::take_spare_memory(size, unit);
}

void release(void* memory) noexcept {
  if (memory == nullptr || weft::linux::is_spare_memory(memory)) return;
  weft::need_runtime_fs();
  std::free(memory);
}

void* or_throw(void* memory) {
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace

// The other forms, of arrays and those that do not throw, come down to these.
void* operator new(std::size_t size) { return or_throw(allocate(size)); }
void* operator new(std::size_t size, std::align_val_t alignment) {
  return or_throw(allocate(size, alignment));
}
void operator delete(void* memory) noexcept { release(memory); }
void operator delete(void* memory, std::size_t) noexcept { release(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { release(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { release(memory); }

#endif

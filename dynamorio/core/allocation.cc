// Memory for clients.
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

#include "core/protection.h"

namespace {

size_t whole_pages(size_t size) {
  const auto page = static_cast<size_t>(getpagesize());
  return (size + page - 1) / page * page;
}

void* map(void* place, size_t size, uint protection, int flags) {
  void* const memory = mmap(place, whole_pages(size), weft::dynamorio::to_kernel(protection),
                            MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
  return memory == MAP_FAILED ? nullptr : memory;
}

/// Where code and its clients' variables reach each other: below 2 GB, as clients are, if there is
/// room.
void* map_near(size_t size, uint protection) {
  void* const memory = map(nullptr, size, protection, MAP_32BIT);
  return memory != nullptr ? memory : map(nullptr, size, protection, 0);
}

}  // namespace

extern "C" {

void* dr_global_alloc(size_t size) { return std::malloc(size); }
void dr_global_free(void* mem, size_t) { std::free(mem); }
void* dr_thread_alloc(void*, size_t size) { return std::malloc(size); }
void dr_thread_free(void*, void* mem, size_t) { std::free(mem); }

void* dr_nonheap_alloc(size_t size, uint prot) { return map_near(size, prot); }
void dr_nonheap_free(void* mem, size_t size) { munmap(mem, whole_pages(size)); }
void* dr_raw_mem_alloc(size_t size, uint prot, void* addr) {
  return map(addr, size, prot, addr == nullptr ? 0 : MAP_FIXED_NOREPLACE);
}
bool dr_raw_mem_free(void* addr, size_t size) { return munmap(addr, whole_pages(size)) == 0; }

void* dr_raw_mremap(void* old_address, size_t old_size, size_t new_size, int flags,
                    void* new_address) {
  return mremap(old_address, old_size, new_size, flags, new_address);
}

// The break is the program's, and is not moved for a client: it says where it is.
void* dr_raw_brk(void*) { return sbrk(0); }

void* dr_custom_alloc(void*, dr_alloc_flags_t flags, size_t size, uint prot, void* addr) {
  const auto has = [&](dr_alloc_flags_t flag) { return (flags & flag) != 0; };
  if (!has(DR_ALLOC_NON_HEAP)) {
    if (has(DR_ALLOC_FIXED_LOCATION) || has(DR_ALLOC_LOW_2GB)) return nullptr;
    // The heap is anywhere: what is to be near has pages of its own.
    constexpr uint kUsual = DR_MEMPROT_READ | DR_MEMPROT_WRITE;
    return has(DR_ALLOC_CACHE_REACHABLE) ? map_near(size, kUsual) : std::malloc(size);
  }
  const int low = has(DR_ALLOC_LOW_2GB) ? MAP_32BIT : 0;
  if (has(DR_ALLOC_FIXED_LOCATION)) return map(addr, size, prot, low | MAP_FIXED_NOREPLACE);
  return low != 0 ? map(nullptr, size, prot, low) : map_near(size, prot);
}

bool dr_custom_free(void*, dr_alloc_flags_t flags, void* addr, size_t size) {
  if ((flags & (DR_ALLOC_NON_HEAP | DR_ALLOC_CACHE_REACHABLE)) != 0)
    return munmap(addr, whole_pages(size)) == 0;
  std::free(addr);
  return true;
}

void* __wrap_malloc(size_t size) { return std::malloc(size); }
void* __wrap_realloc(void* mem, size_t size) { return std::realloc(mem, size); }
void* __wrap_calloc(size_t nmemb, size_t size) { return std::calloc(nmemb, size); }
void __wrap_free(void* mem) { std::free(mem); }
char* __wrap_strdup(const char* str) { return strdup(str); }

}  // extern "C"

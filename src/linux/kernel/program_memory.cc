#include "linux/kernel/program_memory.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/address.h"
#include "linux/kernel/signal_safe_copy.h"

namespace weft::linux {
namespace {

constexpr size_t kPointerLimit = 0x800000;  // more than the kernel takes in one execve

}  // namespace

bool read_program(void* to, uint64_t address, size_t size) {
  return safe_copy(to, reinterpret_cast<const void*>(address), size);
}

bool write_program(uint64_t address, const void* from, size_t size) {
  return safe_copy(reinterpret_cast<void*>(address), from, size);
}

int64_t read_program_string(std::string* to, uint64_t address, size_t limit) {
  to->clear();
  char buffer[512];
  while (to->size() < limit) {
    // Up to the end of the page only: the next one may not be there, and need not.
    const uint64_t in_page = page_down(address) + kPageSize - address;
    const size_t size = std::min({static_cast<size_t>(in_page), sizeof buffer, limit - to->size()});
    if (!read_program(static_cast<void*>(buffer), address, size)) return -EFAULT;
    if (const void* end = std::memchr(buffer, 0, size)) {
      to->append(buffer, static_cast<size_t>(static_cast<const char*>(end) - buffer));
      return 0;
    }
    to->append(buffer, size);
    address += size;
  }
  return -ENAMETOOLONG;
}

int64_t read_program_pointers(std::vector<uint64_t>* to, uint64_t address) {
  to->clear();
  if (address == 0) return 0;
  for (; to->size() < kPointerLimit; address += sizeof(uint64_t)) {
    uint64_t pointer = 0;
    if (!read_program(&pointer, address)) return -EFAULT;
    if (pointer == 0) return 0;
    to->push_back(pointer);
  }
  return -E2BIG;
}

}  // namespace weft::linux

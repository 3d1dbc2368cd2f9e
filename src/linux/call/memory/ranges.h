// Arithmetic that the memory calls share. Stateless; any thread.
#pragma once

#include <linux/mman.h>
#include <sys/mman.h>

#include <cstdint>

#include "base/address.h"
#include "linux/memory/layout.h"

namespace weft::linux {

inline constexpr uint64_t kHugePage = uint64_t{2} << 20;

/// Alignment that a mapping should have: that of its huge pages, or one at which the kernel can use
/// them of its own accord.
constexpr uint64_t alignment_of(uint64_t length, int flags) {
  if ((flags & MAP_HUGETLB) != 0) {
    const auto log = static_cast<unsigned>(flags >> MAP_HUGE_SHIFT) & MAP_HUGE_MASK;
    return log == 0 ? kHugePage : uint64_t{1} << log;
  }
  if ((flags & MAP_ANONYMOUS) != 0 && length % kHugePage == 0) return kHugePage;
  return kPageSize;
}

/// The pages of [address, address + length).
constexpr AppRange range_of(uint64_t address, uint64_t length) {
  return {{address}, {page_up(address + length)}};
}

/// Whether [address, address + length) is a range that user memory can have at all.
constexpr bool possible(uint64_t address, uint64_t length) {
  return length <= kUserEnd && address <= kUserEnd - length;
}

constexpr bool aligned(uint64_t value) { return value % kPageSize == 0; }

/// What the kernel is asked for: the runtime reads code, so memory that is only executable will not
/// do (on CPUs with protection keys it could not be read).
constexpr int readable_code(int prot) { return (prot & PROT_EXEC) != 0 ? prot | PROT_READ : prot; }

/// An address as `address` lies within its page, where nothing is ever mapped. A call that fails
/// for its place gets the kernel's answer there: of several errors, which one counts is its to
/// know.
constexpr uint64_t nowhere(uint64_t address) { return kUserEnd | (address & (kPageSize - 1)); }

}  // namespace weft::linux

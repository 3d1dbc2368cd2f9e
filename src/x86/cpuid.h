// What CPUID answers. The instruction leaves a virtual machine each time, for ten microseconds or
// more, and a loader asks some eighty questions, many of them twice: an answer is kept where all
// processors of a machine give the same. One table a process, which a fork's child has too. Any
// thread, signal handlers included.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/check.h"

namespace weft::x86 {

struct CpuidAnswer {
  uint32_t eax = 0;
  uint32_t ebx = 0;
  uint32_t ecx = 0;
  uint32_t edx = 0;
};

/// As the instruction answers it, whatever the leaf. What differs between processors is asked anew.
SIGNAL_SAFE CpuidAnswer cpuid(uint32_t leaf, uint32_t subleaf);
/// The same for a leaf that the processor may not have, of which nothing is so then.
SIGNAL_SAFE CpuidAnswer cpuid_if_there(uint32_t leaf, uint32_t subleaf);

struct KeptCpuid {
  uint32_t leaf = 0;
  uint32_t subleaf = 0;
  CpuidAnswer answer;
};
inline constexpr size_t kMostKeptCpuid = 256;

/// Copies the answers that are kept; their number.
size_t kept_cpuid(std::span<KeptCpuid, kMostKeptCpuid> to);
/// Takes one over from another process on this machine. Not where threads may ask.
void keep_cpuid(const KeptCpuid& kept);

}  // namespace weft::x86

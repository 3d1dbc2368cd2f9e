#include "x86/xsave_layout.h"

#include "x86/cpuid.h"

namespace weft::x86 {
namespace {

constexpr unsigned kLeaf = 0xD;

uint64_t xgetbv(uint32_t number) {
  uint32_t low = 0;
  uint32_t high = 0;
  asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(number));
  return static_cast<uint64_t>(high) << 32 | low;
}

/// The components that the CPU has: those of users and those of the kernel.
uint64_t components() {
  const CpuidAnswer users = cpuid_if_there(kLeaf, 0);
  const CpuidAnswer kernels = cpuid_if_there(kLeaf, 1);
  return uint64_t{users.edx | kernels.edx} << 32 | users.eax | kernels.ecx;
}

XsaveLayout ask_layout() {
  XsaveLayout layout{};
  const uint64_t known = components();
  for (unsigned number = xsave::kAvx; number < kXsaveComponents; ++number) {
    if ((known >> number & 1) == 0) continue;
    const CpuidAnswer of = cpuid_if_there(kLeaf, number);
    layout[number] = {of.ebx, of.eax, (of.ecx >> 1 & 1) != 0, (of.ecx & 1) != 0};
  }
  return layout;
}

bool tells_in_use() {
  constexpr unsigned kXgetbv1 = 2;
  return (cpuid_if_there(kLeaf, 1).eax >> kXgetbv1 & 1) != 0;
}

}  // namespace

const XsaveLayout& xsave_layout() {
  static const XsaveLayout layout = ask_layout();
  return layout;
}

uint64_t xsave_enabled() { return xgetbv(0); }

uint64_t xsave_in_use() {
  static const bool tells = tells_in_use();
  return tells ? xgetbv(1) : xsave_enabled();
}

}  // namespace weft::x86

#include "engine/xsave.h"

#include <cstdlib>
#include <cstring>

#include "base/check.h"
#include "linux/kernel/cpu_features.h"
#include "x86/cpuid.h"
#include "x86/xsave_layout.h"

namespace weft::engine {
namespace {

constexpr size_t kAlignment = 64;
constexpr size_t kLegacyAndHeader = 576;
constexpr size_t kMxcsrOffset = 24;
constexpr uint32_t kMxcsrDefault = 0x1F80;
constexpr uint64_t kPkru = 1ull << 9;  // the runtime runs under the program's keys
constexpr uint64_t kTiles =
    1ull << 17 | 1ull << 18;  // permission is asked for per process; not ours
constexpr unsigned kXsaveLeaf = 0xD;

/// Tries it: x87's state is initial again afterwards.
bool leaves_out_x87_pointers() {
  alignas(kAlignment) uint8_t area[kLegacyAndHeader] = {};
  asm volatile("fninit; fldz; fstp %%st(0); xsave64 %0; fninit"
               : "+m"(area)
               : "a"(1), "d"(0)
               : "memory");
  constexpr size_t kInstructionPointer = 8;
  uint64_t pointer = 0;
  std::memcpy(&pointer, area + kInstructionPointer, sizeof pointer);
  return pointer == 0;
}

}  // namespace

CpuFeatures detect_cpu_features() {
  CpuFeatures features;
  const size_t enabled = x86::cpuid_if_there(kXsaveLeaf, 0).ebx;
  CHECK(enabled != 0);
  features.xsave_size = enabled < kLegacyAndHeader ? kLegacyAndHeader : enabled;
  features.xsave_mask = x86::xsave_enabled() & ~kPkru & ~kTiles;
  features.xsaveopt = (x86::cpuid_if_there(kXsaveLeaf, 1).eax & 1) != 0;
  features.leaves_out_x87 = leaves_out_x87_pointers();
  features.fsgsbase = linux::has_fsgsbase();
  return features;
}

void XsaveArea::Free::operator()(uint8_t* bytes) const { std::free(bytes); }

XsaveArea::XsaveArea(const CpuFeatures& features)
    : size_((features.xsave_size + kAlignment - 1) / kAlignment * kAlignment) {
  if (size_ > kSmall) {
    large_.reset(static_cast<uint8_t*>(std::aligned_alloc(kAlignment, size_)));
    CHECK(large_ != nullptr);
    std::memset(large_.get(), 0, size_);
  }
  std::memcpy(static_cast<uint8_t*>(data()) + kMxcsrOffset, &kMxcsrDefault, sizeof kMxcsrDefault);
}

}  // namespace weft::engine

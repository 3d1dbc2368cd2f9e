#include "engine/xsave.h"

#include <cpuid.h>
#include <sys/auxv.h>

#include <cstdlib>
#include <cstring>

#include "base/check.h"

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
constexpr unsigned long kHwcap2Fsgsbase = 2;

uint64_t read_xcr0() {
  uint32_t low = 0;
  uint32_t high = 0;
  asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return static_cast<uint64_t>(high) << 32 | low;
}

}  // namespace

CpuFeatures detect_cpu_features() {
  unsigned a = 0;
  unsigned b = 0;
  unsigned c = 0;
  unsigned d = 0;
  CpuFeatures features;
  CHECK(__get_cpuid_count(kXsaveLeaf, 0, &a, &b, &c, &d) != 0);
  features.xsave_size = b < kLegacyAndHeader ? kLegacyAndHeader : b;
  features.xsave_mask = read_xcr0() & ~kPkru & ~kTiles;
  CHECK(__get_cpuid_count(kXsaveLeaf, 1, &a, &b, &c, &d) != 0);
  features.xsaveopt = (a & 1) != 0;
  features.fsgsbase = (getauxval(AT_HWCAP2) & kHwcap2Fsgsbase) != 0;
  return features;
}

void XsaveArea::Free::operator()(uint8_t* bytes) const { std::free(bytes); }

XsaveArea::XsaveArea(const CpuFeatures& features)
    : size_((features.xsave_size + kAlignment - 1) / kAlignment * kAlignment) {
  data_.reset(static_cast<uint8_t*>(std::aligned_alloc(kAlignment, size_)));
  CHECK(data_ != nullptr);
  std::memset(data_.get(), 0, size_);
  std::memcpy(data_.get() + kMxcsrOffset, &kMxcsrDefault, sizeof kMxcsrDefault);
}

}  // namespace weft::engine

// The processor, by CPUID.
#include <cpuid.h>
#include <unistd.h>

#include <array>
#include <cstring>

#include "dr_api.h"

namespace {

struct Processor {
  Processor();

  uint vendor = VENDOR_UNKNOWN;
  uint signature = 0;
  uint line = 64;
  features_t features{};
  std::array<char, 49> brand{};
  bool os_avx = false;
  bool os_avx512 = false;
};

uint64 xcr0() {
  uint low = 0;
  uint high = 0;
  asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return uint64{high} << 32 | low;
}

Processor::Processor() {
  uint eax = 0;
  uint ebx = 0;
  uint ecx = 0;
  uint edx = 0;
  __get_cpuid(0, &eax, &ebx, &ecx, &edx);
  if (ebx == signature_INTEL_ebx) vendor = VENDOR_INTEL;
  if (ebx == signature_AMD_ebx) vendor = VENDOR_AMD;
  __get_cpuid(1, &signature, &ebx, &features.flags_ecx, &features.flags_edx);
  line = (ebx >> 8 & 0xFF) * 8;
  __get_cpuid(0x80000001, &eax, &ebx, &features.ext_flags_ecx, &features.ext_flags_edx);
  __get_cpuid_count(7, 0, &eax, &features.sext_flags_ebx, &ecx, &edx);
  for (uint i = 0; i < 3; ++i) {
    std::array<uint, 4> words{};
    __get_cpuid(0x80000002 + i, &words[0], &words[1], &words[2], &words[3]);
    std::memcpy(brand.data() + 16 * i, words.data(), sizeof words);
  }
  if ((features.flags_ecx >> 27 & 1) == 0) return;
  constexpr uint64 kAvx = 0x6;
  constexpr uint64 kAvx512 = 0xE6;
  os_avx = (xcr0() & kAvx) == kAvx && (features.flags_ecx >> 28 & 1) != 0;
  os_avx512 = os_avx && (xcr0() & kAvx512) == kAvx512 && (features.sext_flags_ebx >> 16 & 1) != 0;
}

const Processor& processor() {
  static const Processor processor;
  return processor;
}

uint family_base() { return processor().signature >> 8 & 0xF; }

cache_size_t size_of(long bytes) {
  constexpr std::array<long, 11> kKilobytes = {8, 16, 32, 64, 128, 256, 512, 1024, 2048, 0, 48};
  for (size_t i = 0; i < kKilobytes.size(); ++i) {
    if (kKilobytes[i] != 0 && bytes == kKilobytes[i] * 1024) return static_cast<cache_size_t>(i);
  }
  return CACHE_SIZE_UNKNOWN;
}

}  // namespace

extern "C" {

size_t proc_get_cache_line_size() { return processor().line; }
bool proc_is_cache_aligned(void* addr) {
  return reinterpret_cast<ptr_uint_t>(addr) % processor().line == 0;
}
ptr_uint_t proc_bump_to_end_of_cache_line(ptr_uint_t sz) {
  return (sz + processor().line - 1) / processor().line * processor().line;
}
void* proc_get_containing_page(void* addr) {
  return reinterpret_cast<void*>(reinterpret_cast<ptr_uint_t>(addr) & ~ptr_uint_t{4095});
}
uint proc_get_vendor() { return processor().vendor; }
int proc_set_vendor(uint) { return -1; }
uint proc_get_family() {
  const uint base = family_base();
  return base == 0xF ? base + (processor().signature >> 20 & 0xFF) : base;
}
uint proc_get_type() { return processor().signature >> 12 & 0x3; }
uint proc_get_model() {
  const uint low = processor().signature >> 4 & 0xF;
  const bool extended = family_base() == 0xF || family_base() == 6;
  return extended ? low + ((processor().signature >> 16 & 0xF) << 4) : low;
}
uint proc_get_stepping() { return processor().signature & 0xF; }

bool proc_has_feature(feature_bit_t feature) {
  const features_t& features = processor().features;
  const std::array<uint, 5> words = {features.flags_edx, features.flags_ecx, features.ext_flags_edx,
                                     features.ext_flags_ecx, features.sext_flags_ebx};
  const auto bit = static_cast<uint>(feature);
  return bit / 32 < words.size() && (words[bit / 32] >> bit % 32 & 1) != 0;
}
features_t* proc_get_all_feature_bits() { return const_cast<features_t*>(&processor().features); }
char* proc_get_brand_string() { return const_cast<char*>(processor().brand.data()); }

cache_size_t proc_get_L1_icache_size() { return size_of(sysconf(_SC_LEVEL1_ICACHE_SIZE)); }
cache_size_t proc_get_L1_dcache_size() { return size_of(sysconf(_SC_LEVEL1_DCACHE_SIZE)); }
cache_size_t proc_get_L2_cache_size() { return size_of(sysconf(_SC_LEVEL2_CACHE_SIZE)); }
const char* proc_get_cache_size_str(cache_size_t size) {
  constexpr std::array<const char*, 11> kNames = {"8 KB",   "16 KB",   "32 KB",  "64 KB",
                                                  "128 KB", "256 KB",  "512 KB", "1 MB",
                                                  "2 MB",   "unknown", "48 KB"};
  return size < kNames.size() ? kNames[size] : "unknown";
}

uint proc_get_vector_length_bytes() {
  constexpr uint kXmm = 16;
  return proc_avx512_enabled() ? 4 * kXmm : proc_avx_enabled() ? 2 * kXmm : kXmm;
}
size_t proc_fpstate_save_size() { return DR_FPSTATE_BUF_SIZE; }
int proc_num_simd_registers() {
  return proc_avx512_enabled() ? MCXT_NUM_SIMD_SLOTS : MCXT_NUM_SIMD_SSE_AVX_SLOTS;
}
int proc_num_simd_saved() { return proc_num_simd_registers(); }
int proc_num_opmask_registers() { return proc_avx512_enabled() ? MCXT_NUM_OPMASK_SLOTS : 0; }
size_t proc_save_fpstate(byte* buf) {
  asm volatile("fxsave64 %0" : "=m"(*reinterpret_cast<byte(*)[DR_FPSTATE_BUF_SIZE]>(buf)));
  return DR_FPSTATE_BUF_SIZE;
}
void proc_restore_fpstate(byte* buf) {
  asm volatile("fxrstor64 %0" ::"m"(*reinterpret_cast<byte(*)[DR_FPSTATE_BUF_SIZE]>(buf)));
}
bool proc_avx_enabled() { return processor().os_avx; }
bool proc_avx512_enabled() { return processor().os_avx512; }

}  // extern "C"

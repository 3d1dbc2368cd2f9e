#include "isa.h"

#include <cpuid.h>

#include <array>
#include <cstdint>
#include <string_view>

namespace fuzz {
namespace {

/// A CPUID bit, and the prefix of the names that Zydis gives to the instruction sets it stands for.
struct Feature {
  std::string_view name;
  uint32_t leaf, subleaf;
  char reg;
  unsigned bit;
};

constexpr Feature kFeatures[] = {
    {"SSE3", 1, 0, 'c', 0},
    {"PCLMULQDQ", 1, 0, 'c', 1},
    {"SSSE3", 1, 0, 'c', 9},
    {"FMA", 1, 0, 'c', 12},
    {"CMPXCHG16B", 1, 0, 'c', 13},
    {"SSE4", 1, 0, 'c', 20},
    {"MOVBE", 1, 0, 'c', 22},
    {"POPCNT", 1, 0, 'c', 23},
    {"AES", 1, 0, 'c', 25},
    {"AVX", 1, 0, 'c', 28},
    {"F16C", 1, 0, 'c', 29},
    {"AVXAES", 1, 0, 'c', 25},
    {"BMI1", 7, 0, 'b', 3},
    {"AVX2", 7, 0, 'b', 5},
    {"AVX2GATHER", 7, 0, 'b', 5},
    {"BMI2", 7, 0, 'b', 8},
    {"AVX512F_", 7, 0, 'b', 16},
    {"AVX512DQ_", 7, 0, 'b', 17},
    {"ADOX_ADCX", 7, 0, 'b', 19},
    {"AVX512_IFMA_", 7, 0, 'b', 21},
    {"CLFLUSHOPT", 7, 0, 'b', 23},
    {"CLWB", 7, 0, 'b', 24},
    {"AVX512CD_", 7, 0, 'b', 28},
    {"SHA", 7, 0, 'b', 29},
    {"AVX512BW_", 7, 0, 'b', 30},
    {"AVX512_VBMI_", 7, 0, 'c', 1},
    {"AVX512_VBMI2_", 7, 0, 'c', 6},
    {"GFNI", 7, 0, 'c', 8},
    {"AVX_GFNI", 7, 0, 'c', 8},
    {"AVX512_GFNI_", 7, 0, 'c', 8},
    {"VAES", 7, 0, 'c', 9},
    {"AVX512_VAES_", 7, 0, 'c', 9},
    {"VPCLMULQDQ", 7, 0, 'c', 10},
    {"AVX512_VPCLMULQDQ_", 7, 0, 'c', 10},
    {"AVX512_VNNI_", 7, 0, 'c', 11},
    {"AVX512_BITALG_", 7, 0, 'c', 12},
    {"AVX512_VPOPCNTDQ_", 7, 0, 'c', 14},
    {"AVX512_FP16_", 7, 0, 'd', 23},
    {"AVX_VNNI", 7, 1, 'a', 4},
    {"AVX512_BF16_", 7, 1, 'a', 5},
    {"LAHF", 0x80000001, 0, 'c', 0},
    {"LZCNT", 0x80000001, 0, 'c', 5},
    {"SSE4A", 0x80000001, 0, 'c', 6},
    {"XOP", 0x80000001, 0, 'c', 11},
    {"FMA4", 0x80000001, 0, 'c', 16},
    {"TBM", 0x80000001, 0, 'c', 21},
};

/// Part of every x86-64 CPU.
constexpr std::string_view kAlways[] = {
    "I86",          "I186",         "I286REAL", "I386",  "I486",    "I486REAL", "PENTIUMREAL",
    "PENTIUMMMX",   "PPRO",         "CMOV",     "FCMOV", "X87",     "LONGMODE", "FAT_NOP",
    "PREFETCH_NOP", "PAUSE",        "SSE",      "SSE2",  "SSE2MMX", "SSE3X87",  "SSSE3MMX",
    "SSE42",        "SSE_PREFETCH", "SSEMXCSR", "CLFSH"};

bool cpuid_bit(const Feature& feature) {
  uint32_t a = 0, b = 0, c = 0, d = 0;
  if (__get_cpuid_count(feature.leaf, feature.subleaf, &a, &b, &c, &d) == 0) return false;
  const uint32_t word = feature.reg == 'a'   ? a
                        : feature.reg == 'b' ? b
                        : feature.reg == 'c' ? c
                                             : d;
  return (word >> feature.bit & 1) != 0;
}

bool look_up(std::string_view name) {
  for (const std::string_view always : kAlways) {
    if (name == always) return true;
  }
  for (const Feature& feature : kFeatures) {
    const bool family = feature.name.ends_with('_') && name.starts_with(feature.name);
    if (family || name == feature.name) return cpuid_bit(feature);
  }
  return false;
}

using Answers = std::array<bool, ZYDIS_ISA_SET_MAX_VALUE + 1>;

Answers make_answers() {
  Answers answers = {};
  for (size_t set = 0; set < answers.size(); ++set) {
    answers[set] = look_up(ZydisISASetGetString(static_cast<ZydisISASet>(set)));
  }
  return answers;
}

}  // namespace

bool cpu_has(ZydisISASet set) {
  static const Answers answers = make_answers();
  return answers[set];
}

}  // namespace fuzz

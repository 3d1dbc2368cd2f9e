#include "tool/category.h"

#include <algorithm>
#include <array>
#include <utility>

namespace weft::tool {
namespace {

using Row = std::pair<std::string_view, Category>;

/// Sorted by name. What is not here is Category::kOther.
constexpr std::array kRows{
    Row{"ADOX_ADCX", Category::kArithmetic},
    Row{"AES", Category::kCrypto},
    Row{"AMD3DNOW", Category::kVector},
    Row{"AMX_TILE", Category::kVector},
    Row{"AVX", Category::kVector},
    Row{"AVX2", Category::kVector},
    Row{"AVX2GATHER", Category::kGather},
    Row{"AVX512", Category::kVector},
    Row{"AVX512_4FMAPS", Category::kVector},
    Row{"AVX512_4VNNIW", Category::kVector},
    Row{"AVX512_BITALG", Category::kVector},
    Row{"AVX512_VBMI", Category::kVector},
    Row{"AVX512_VP2INTERSECT", Category::kVector},
    Row{"BINARY", Category::kArithmetic},
    Row{"BITBYTE", Category::kBits},
    Row{"BLEND", Category::kVector},
    Row{"BMI1", Category::kBits},
    Row{"BMI2", Category::kBits},
    Row{"BROADCAST", Category::kVector},
    Row{"CALL", Category::kCall},
    Row{"CET", Category::kSystem},
    Row{"CLDEMOTE", Category::kHint},
    Row{"CLFLUSHOPT", Category::kHint},
    Row{"CLWB", Category::kHint},
    Row{"CMOV", Category::kConditionalMove},
    Row{"COMPRESS", Category::kVector},
    Row{"COND_BR", Category::kConditionalJump},
    Row{"CONFLICT", Category::kVector},
    Row{"CONVERT", Category::kVector},
    Row{"DATAXFER", Category::kMove},
    Row{"DECIMAL", Category::kArithmetic},
    Row{"ENQCMD", Category::kSystem},
    Row{"EXPAND", Category::kVector},
    Row{"FCMOV", Category::kX87},
    Row{"FLAGOP", Category::kFlags},
    Row{"FMA4", Category::kVector},
    Row{"FP16", Category::kVector},
    Row{"GATHER", Category::kGather},
    Row{"GFNI", Category::kVector},
    Row{"HRESET", Category::kSystem},
    Row{"IFMA", Category::kVector},
    Row{"INTERRUPT", Category::kInterrupt},
    Row{"IO", Category::kInputOutput},
    Row{"IOSTRINGOP", Category::kInputOutput},
    Row{"KEYLOCKER", Category::kCrypto},
    Row{"KEYLOCKER_WIDE", Category::kCrypto},
    Row{"KMASK", Category::kMask},
    Row{"LOGICAL", Category::kLogic},
    Row{"LOGICAL_FP", Category::kVector},
    Row{"LZCNT", Category::kBits},
    Row{"MMX", Category::kVector},
    Row{"MOVDIR", Category::kMove},
    Row{"NOP", Category::kHint},
    Row{"PADLOCK", Category::kCrypto},
    Row{"PCLMULQDQ", Category::kCrypto},
    Row{"PCONFIG", Category::kSystem},
    Row{"PKU", Category::kSystem},
    Row{"POP", Category::kStack},
    Row{"PREFETCH", Category::kHint},
    Row{"PREFETCHWT1", Category::kHint},
    Row{"PT", Category::kSystem},
    Row{"PUSH", Category::kStack},
    Row{"RDPID", Category::kSystem},
    Row{"RDPRU", Category::kSystem},
    Row{"RDWRFSGS", Category::kSystem},
    Row{"RET", Category::kReturn},
    Row{"ROTATE", Category::kShift},
    Row{"SCATTER", Category::kScatter},
    Row{"SEGOP", Category::kSystem},
    Row{"SEMAPHORE", Category::kAtomic},
    Row{"SERIALIZE", Category::kSystem},
    Row{"SETCC", Category::kConditionalSet},
    Row{"SGX", Category::kSystem},
    Row{"SHA", Category::kCrypto},
    Row{"SHIFT", Category::kShift},
    Row{"SMAP", Category::kSystem},
    Row{"SSE", Category::kVector},
    Row{"STRINGOP", Category::kString},
    Row{"STTNI", Category::kVector},
    Row{"SYSCALL", Category::kSystemCall},
    Row{"SYSRET", Category::kSystem},
    Row{"SYSTEM", Category::kSystem},
    Row{"TBM", Category::kBits},
    Row{"TSX_LDTRK", Category::kSystem},
    Row{"UFMA", Category::kVector},
    Row{"UINTR", Category::kSystem},
    Row{"UNCOND_BR", Category::kJump},
    Row{"VAES", Category::kCrypto},
    Row{"VBMI2", Category::kVector},
    Row{"VEX", Category::kVector},
    Row{"VFMA", Category::kVector},
    Row{"VPCLMULQDQ", Category::kCrypto},
    Row{"VTX", Category::kSystem},
    Row{"WAITPKG", Category::kSystem},
    Row{"WIDENOP", Category::kHint},
    Row{"X87_ALU", Category::kX87},
    Row{"XOP", Category::kVector},
    Row{"XSAVE", Category::kState},
    Row{"XSAVEOPT", Category::kState},
};

constexpr bool before(const Row& row, std::string_view name) { return row.first < name; }
static_assert(std::is_sorted(kRows.begin(), kRows.end(),
                             [](const Row& a, const Row& b) { return a.first < b.first; }));

}  // namespace

Category category_of(std::string_view name) {
  const auto* row = std::lower_bound(kRows.begin(), kRows.end(), name, before);
  return row != kRows.end() && row->first == name ? row->second : Category::kOther;
}

}  // namespace weft::tool

// Zydis's registers and ours: both are ranges of classes.
#include <iterator>

#include "ir/decode.h"

namespace weft::dynamorio {
namespace {

struct Range {
  int zydis;
  int first;
  int count;
};

constexpr Range kRanges[] = {
    {ZYDIS_REGISTER_AL, DR_REG_AL, 8},      {ZYDIS_REGISTER_SPL, DR_REG_SPL, 4},
    {ZYDIS_REGISTER_R8B, DR_REG_R8L, 8},    {ZYDIS_REGISTER_AX, DR_REG_AX, 16},
    {ZYDIS_REGISTER_EAX, DR_REG_EAX, 16},   {ZYDIS_REGISTER_RAX, DR_REG_RAX, 16},
    {ZYDIS_REGISTER_MM0, DR_REG_MM0, 8},    {ZYDIS_REGISTER_XMM0, DR_REG_XMM0, 32},
    {ZYDIS_REGISTER_YMM0, DR_REG_YMM0, 32}, {ZYDIS_REGISTER_ZMM0, DR_REG_ZMM0, 32},
    {ZYDIS_REGISTER_K0, DR_REG_K0, 8},      {ZYDIS_REGISTER_BND0, DR_REG_BND0, 4},
    {ZYDIS_REGISTER_ST0, DR_REG_ST0, 8},    {ZYDIS_REGISTER_ES, DR_SEG_ES, 6},
    {ZYDIS_REGISTER_DR0, DR_REG_DR0, 16},   {ZYDIS_REGISTER_CR0, DR_REG_CR0, 16},
};

}  // namespace

reg_id_t reg_of(ZydisRegister reg) {
  for (const Range& range : kRanges) {
    if (reg >= range.zydis && reg < range.zydis + range.count) {
      return static_cast<reg_id_t>(range.first + (reg - range.zydis));
    }
  }
  return DR_REG_NULL;
}

ZydisRegister reg_of(reg_id_t reg) {
  for (const Range& range : kRanges) {
    if (reg >= range.first && reg < range.first + range.count) {
      return static_cast<ZydisRegister>(range.zydis + (reg - range.first));
    }
  }
  return ZYDIS_REGISTER_NONE;
}

}  // namespace weft::dynamorio

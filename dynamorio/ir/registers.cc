// Registers by number: their classes are ranges of DR_REG_*, each in the machine's order.
#include <array>
#include <cstring>
#include <string>
#include <vector>

#include "dr_ir_opnd.h"

namespace {

constexpr bool within(reg_id_t reg, unsigned first, unsigned last) {
  return reg >= first && reg <= last;
}

// The registers of 8 bits: the low bytes of the first four, ah to bh, r8 to r15, spl to dil.
constexpr int kHighBytes = 4;

// Which of the 16 general registers reg is a part of, or -1.
int gpr_number(reg_id_t reg) {
  if (within(reg, DR_REG_RAX, DR_REG_R15)) return reg - DR_REG_RAX;
  if (within(reg, DR_REG_EAX, DR_REG_R15D)) return reg - DR_REG_EAX;
  if (within(reg, DR_REG_AX, DR_REG_R15W)) return reg - DR_REG_AX;
  if (within(reg, DR_REG_AL, DR_REG_BL)) return reg - DR_REG_AL;
  if (within(reg, DR_REG_AH, DR_REG_BH)) return reg - DR_REG_AH;
  if (within(reg, DR_REG_R8L, DR_REG_R15L)) return reg - DR_REG_R8L + 8;
  if (within(reg, DR_REG_SPL, DR_REG_DIL)) return reg - DR_REG_SPL + kHighBytes;
  return -1;
}

reg_id_t low_byte(int number) {
  if (number < kHighBytes) return static_cast<reg_id_t>(DR_REG_AL + number);
  if (number < 8) return static_cast<reg_id_t>(DR_REG_SPL + number - kHighBytes);
  return static_cast<reg_id_t>(DR_REG_R8L + number - 8);
}

// Which of the 32 vector registers reg is a part of, or -1.
int vector_number(reg_id_t reg) {
  if (within(reg, DR_REG_XMM0, DR_REG_XMM31)) return reg - DR_REG_XMM0;
  if (within(reg, DR_REG_YMM0, DR_REG_YMM31)) return reg - DR_REG_YMM0;
  if (within(reg, DR_REG_ZMM0, DR_REG_ZMM31)) return reg - DR_REG_ZMM0;
  return -1;
}

bool is_high_byte(reg_id_t reg) { return within(reg, DR_REG_AH, DR_REG_BH); }

std::vector<std::string> make_names() {
  std::vector<std::string> names(DR_REG_AFTER_LAST_VALID_ENUM + 1);
  names[DR_REG_NULL] = "<NULL>";
  names[DR_REG_INVALID] = "<invalid>";
  const std::array<std::string, 8> words = {"ax", "cx", "dx", "bx", "sp", "bp", "si", "di"};
  const std::array<std::string, 8> bytes = {"al", "cl", "dl", "bl", "ah", "ch", "dh", "bh"};
  for (unsigned i = 0; i < 8; ++i) {
    const std::string extended = "r" + std::to_string(i + 8);
    names[DR_REG_RAX + i] = "r" + words[i];
    names[DR_REG_EAX + i] = "e" + words[i];
    names[DR_REG_AX + i] = words[i];
    names[DR_REG_AL + i] = bytes[i];
    names[DR_REG_R8 + i] = extended;
    names[DR_REG_R8D + i] = extended + "d";
    names[DR_REG_R8W + i] = extended + "w";
    names[DR_REG_R8L + i] = extended + "l";
    if (i >= 4) names[DR_REG_SPL + i - 4] = words[i] + "l";
  }
  const auto numbered = [&](unsigned first, unsigned last, const char* prefix) {
    for (unsigned reg = first; reg <= last; ++reg)
      names[reg] = prefix + std::to_string(reg - first);
  };
  numbered(DR_REG_MM0, DR_REG_MM7, "mm");
  numbered(DR_REG_XMM0, DR_REG_XMM31, "xmm");
  numbered(DR_REG_YMM0, DR_REG_YMM31, "ymm");
  numbered(DR_REG_ZMM0, DR_REG_ZMM31, "zmm");
  numbered(DR_REG_K0, DR_REG_K7, "k");
  numbered(DR_REG_BND0, DR_REG_BND3, "bnd");
  numbered(DR_REG_ST0, DR_REG_ST7, "st");
  numbered(DR_REG_DR0, DR_REG_DR15, "dr");
  numbered(DR_REG_CR0, DR_REG_CR15, "cr");
  const std::array<const char*, 6> segments = {"es", "cs", "ss", "ds", "fs", "gs"};
  for (unsigned i = 0; i < segments.size(); ++i) names[DR_SEG_ES + i] = segments[i];
  return names;
}

// The order in which dr_mcontext_t keeps the first eight is not the machine's.
reg_t* gpr_of(dr_mcontext_t* mc, int number) {
  switch (number) {
    case 0:
      return &mc->xax;
    case 1:
      return &mc->xcx;
    case 2:
      return &mc->xdx;
    case 3:
      return &mc->xbx;
    case 4:
      return &mc->xsp;
    case 5:
      return &mc->xbp;
    case 6:
      return &mc->xsi;
    case 7:
      return &mc->xdi;
    default:
      return &mc->r8 + (number - 8);
  }
}

}  // namespace

const char* get_register_name(reg_id_t reg) {
  static const std::vector<std::string> kNames = make_names();
  return kNames[reg > DR_REG_INVALID ? static_cast<size_t>(DR_REG_INVALID) : reg].c_str();
}

reg_id_t reg_32_to_16(reg_id_t reg) { return static_cast<reg_id_t>(reg - DR_REG_EAX + DR_REG_AX); }
reg_id_t reg_32_to_8(reg_id_t reg) { return low_byte(reg - DR_REG_EAX); }
reg_id_t reg_32_to_64(reg_id_t reg) { return static_cast<reg_id_t>(reg - DR_REG_EAX + DR_REG_RAX); }
reg_id_t reg_64_to_32(reg_id_t reg) { return static_cast<reg_id_t>(reg - DR_REG_RAX + DR_REG_EAX); }

bool reg_is_extended(reg_id_t reg) {
  const int number = gpr_number(reg);
  return number >= 8 || within(reg, DR_REG_SPL, DR_REG_DIL) || (vector_number(reg) & 8) > 0 ||
         within(reg, DR_REG_DR8, DR_REG_DR15) || within(reg, DR_REG_CR8, DR_REG_CR15);
}
bool reg_is_avx512_extended(reg_id_t reg) { return vector_number(reg) >= 16; }
bool reg_is_avx512(reg_id_t reg) {
  return reg_is_strictly_zmm(reg) || reg_is_opmask(reg) || reg_is_avx512_extended(reg);
}

reg_id_t reg_32_to_opsz(reg_id_t reg, opnd_size_t size) { return reg_resize_to_opsz(reg, size); }

reg_id_t reg_resize_to_opsz(reg_id_t reg, opnd_size_t size) {
  const uint bytes = opnd_size_in_bytes(size);
  const int number = gpr_number(reg);
  if (number >= 0) {
    switch (bytes) {
      case 1:
        return is_high_byte(reg) ? reg : low_byte(number);
      case 2:
        return static_cast<reg_id_t>(DR_REG_AX + number);
      case 4:
        return static_cast<reg_id_t>(DR_REG_EAX + number);
      case 8:
        return static_cast<reg_id_t>(DR_REG_RAX + number);
      default:
        return DR_REG_NULL;
    }
  }
  const int vector = vector_number(reg);
  if (vector >= 0) {
    switch (bytes) {
      case 16:
        return static_cast<reg_id_t>(DR_REG_XMM0 + vector);
      case 32:
        return static_cast<reg_id_t>(DR_REG_YMM0 + vector);
      case 64:
        return static_cast<reg_id_t>(DR_REG_ZMM0 + vector);
      default:
        return DR_REG_NULL;
    }
  }
  return reg_get_size(reg) == size ? reg : static_cast<reg_id_t>(DR_REG_NULL);
}

int reg_parameter_num(reg_id_t reg) {
  constexpr std::array<reg_id_t, 6> kParameters = {DR_REG_RDI, DR_REG_RSI, DR_REG_RDX,
                                                   DR_REG_RCX, DR_REG_R8,  DR_REG_R9};
  for (size_t i = 0; i < kParameters.size(); ++i) {
    if (gpr_number(reg) == gpr_number(kParameters[i])) return static_cast<int>(i);
  }
  return -1;
}

bool reg_is_gpr(reg_id_t reg) { return gpr_number(reg) >= 0; }
bool reg_is_segment(reg_id_t reg) { return within(reg, DR_SEG_ES, DR_SEG_GS); }
bool reg_is_simd(reg_id_t reg) { return reg_is_vector_simd(reg) || reg_is_mmx(reg); }
bool reg_is_vector_simd(reg_id_t reg) { return vector_number(reg) >= 0; }
bool reg_is_xmm(reg_id_t reg) { return vector_number(reg) >= 0; }
bool reg_is_strictly_xmm(reg_id_t reg) { return within(reg, DR_REG_XMM0, DR_REG_XMM31); }
bool reg_is_ymm(reg_id_t reg) { return reg_is_strictly_ymm(reg); }
bool reg_is_strictly_ymm(reg_id_t reg) { return within(reg, DR_REG_YMM0, DR_REG_YMM31); }
bool reg_is_strictly_zmm(reg_id_t reg) { return within(reg, DR_REG_ZMM0, DR_REG_ZMM31); }
bool reg_is_opmask(reg_id_t reg) { return within(reg, DR_REG_K0, DR_REG_K7); }
bool reg_is_bnd(reg_id_t reg) { return within(reg, DR_REG_BND0, DR_REG_BND3); }
bool reg_is_mmx(reg_id_t reg) { return within(reg, DR_REG_MM0, DR_REG_MM7); }
bool reg_is_fp(reg_id_t reg) { return within(reg, DR_REG_ST0, DR_REG_ST7); }
bool reg_is_z(reg_id_t) { return false; }
bool reg_is_32bit(reg_id_t reg) { return within(reg, DR_REG_EAX, DR_REG_R15D); }
bool reg_is_64bit(reg_id_t reg) { return within(reg, DR_REG_RAX, DR_REG_R15); }
bool reg_is_pointer_sized(reg_id_t reg) { return reg_is_64bit(reg); }
bool reg_is_stolen(reg_id_t) { return false; }

reg_id_t reg_to_pointer_sized(reg_id_t reg) {
  const int number = gpr_number(reg);
  return number < 0 ? reg : static_cast<reg_id_t>(DR_REG_RAX + number);
}

bool reg_overlap(reg_id_t one, reg_id_t other) {
  if (one == DR_REG_NULL || other == DR_REG_NULL) return false;
  if (one == other) return true;
  const int number = gpr_number(one);
  if (number >= 0) {
    const bool high = is_high_byte(one);
    const bool apart =
        high != is_high_byte(other) && reg_get_size(one) == OPSZ_1 && reg_get_size(other) == OPSZ_1;
    return number == gpr_number(other) && !apart;
  }
  return vector_number(one) >= 0 && vector_number(one) == vector_number(other);
}

byte reg_get_bits(reg_id_t reg) {
  if (is_high_byte(reg)) return static_cast<byte>(reg - DR_REG_AH + kHighBytes);
  const int number = gpr_number(reg) >= 0 ? gpr_number(reg) : vector_number(reg);
  if (number >= 0) return static_cast<byte>(number);
  constexpr std::array<std::array<unsigned, 2>, 7> kOthers = {{{DR_REG_MM0, DR_REG_MM7},
                                                               {DR_REG_ST0, DR_REG_ST7},
                                                               {DR_REG_K0, DR_REG_K7},
                                                               {DR_REG_BND0, DR_REG_BND3},
                                                               {DR_SEG_ES, DR_SEG_GS},
                                                               {DR_REG_DR0, DR_REG_DR15},
                                                               {DR_REG_CR0, DR_REG_CR15}}};
  for (const auto& [first, last] : kOthers) {
    if (within(reg, first, last)) return static_cast<byte>(reg - first);
  }
  return 0;
}

opnd_size_t reg_get_size(reg_id_t reg) {
  if (within(reg, DR_REG_RAX, DR_REG_R15)) return OPSZ_8;
  if (within(reg, DR_REG_EAX, DR_REG_R15D)) return OPSZ_4;
  if (within(reg, DR_REG_AX, DR_REG_R15W)) return OPSZ_2;
  if (within(reg, DR_REG_AL, DR_REG_DIL)) return OPSZ_1;
  if (reg_is_mmx(reg) || reg_is_opmask(reg)) return OPSZ_8;
  if (reg_is_strictly_xmm(reg) || reg_is_bnd(reg)) return OPSZ_16;
  if (reg_is_strictly_ymm(reg)) return OPSZ_32;
  if (reg_is_strictly_zmm(reg)) return OPSZ_64;
  if (reg_is_fp(reg)) return OPSZ_10;
  if (reg_is_segment(reg)) return OPSZ_2;
  if (within(reg, DR_REG_DR0, DR_REG_CR15)) return OPSZ_8;
  return OPSZ_NA;
}

reg_t reg_get_value(reg_id_t reg, dr_mcontext_t* mc) {
  const int number = gpr_number(reg);
  if (number < 0) return 0;
  const reg_t value = *gpr_of(mc, number);
  switch (reg_get_size(reg)) {
    case OPSZ_1:
      return (is_high_byte(reg) ? value >> 8 : value) & 0xff;
    case OPSZ_2:
      return value & 0xffff;
    case OPSZ_4:
      return value & 0xffffffff;
    default:
      return value;
  }
}

void reg_set_value(reg_id_t reg, dr_mcontext_t* mc, reg_t value) {
  const int number = gpr_number(reg);
  if (number < 0) return;
  reg_t& whole = *gpr_of(mc, number);
  switch (reg_get_size(reg)) {
    case OPSZ_1: {
      const int shift = is_high_byte(reg) ? 8 : 0;
      whole = (whole & ~(reg_t{0xff} << shift)) | (value & 0xff) << shift;
      break;
    }
    case OPSZ_2:
      whole = (whole & ~reg_t{0xffff}) | (value & 0xffff);
      break;
    case OPSZ_4:
      whole = value & 0xffffffff;
      break;
    default:
      whole = value;
      break;
  }
}

bool reg_get_value_ex(reg_id_t reg, dr_mcontext_t* mc, byte* value) {
  if (reg_is_gpr(reg)) {
    const reg_t got = reg_get_value(reg, mc);
    std::memcpy(value, &got, sizeof got);
    return true;
  }
  if (vector_number(reg) >= 0) {
    std::memcpy(value, mc->simd[vector_number(reg)].u8, opnd_size_in_bytes(reg_get_size(reg)));
    return true;
  }
  if (!reg_is_opmask(reg)) return false;
  std::memcpy(value, &mc->opmask[reg - DR_REG_K0], sizeof(dr_opmask_t));
  return true;
}

bool reg_set_value_ex(reg_id_t reg, dr_mcontext_t* mc, byte* value) {
  if (reg_is_gpr(reg)) {
    reg_t given = 0;
    std::memcpy(&given, value, opnd_size_in_bytes(reg_get_size(reg)));
    reg_set_value(reg, mc, given);
    return true;
  }
  if (vector_number(reg) >= 0) {
    std::memcpy(mc->simd[vector_number(reg)].u8, value, opnd_size_in_bytes(reg_get_size(reg)));
    return true;
  }
  if (!reg_is_opmask(reg)) return false;
  std::memcpy(&mc->opmask[reg - DR_REG_K0], value, sizeof(dr_opmask_t));
  return true;
}

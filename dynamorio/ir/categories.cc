// What an instruction computes, and which extension of the architecture it comes from.
#include <algorithm>
#include <array>
#include <string_view>

#include "dr_ir_decode.h"
#include "dr_ir_opcodes.h"
#include "ir/instruction.h"
#include "ir/opcode.h"

using namespace weft::dynamorio;

namespace {

std::string_view name_of(instr_t* instr) { return row_of(instr_get_opcode(instr)).shown; }

ZydisISASet isa_set_of(instr_t* instr) { return row_of(instr_get_opcode(instr)).isa_set; }

template <typename Matches>
bool has_register(instr_t* instr, Matches matches) {
  know_operands(instr);
  const opnd_t* const first = operands_of(instr);
  return std::any_of(first, first + instr->num_dsts + instr->num_srcs, [&](const opnd_t& opnd) {
    return opnd_is_reg(opnd) && matches(opnd_get_reg(opnd));
  });
}

// The instruction sets of MMX were widened to xmm registers under the same names.
bool has_xmm(instr_t* instr) { return has_register(instr, reg_is_xmm); }

template <size_t N>
bool starts_with_one_of(std::string_view name, const std::array<std::string_view, N>& starts) {
  return std::ranges::any_of(starts,
                             [&](std::string_view start) { return name.starts_with(start); });
}

bool is_x87(std::string_view name, instr_t* instr) {
  const ZydisISASet set = isa_set_of(instr);
  return set == ZYDIS_ISA_SET_X87 || set == ZYDIS_ISA_SET_FCMOV ||
         (set == ZYDIS_ISA_SET_SSE3X87 && name.starts_with("fisttp"));
}

constexpr std::array<std::string_view, 14> kX87State = {
    "fldcw",  "fnstcw", "fnstsw", "fldenv",  "fnstenv", "fnsave", "frstor",
    "fninit", "fnclex", "ffree",  "fincstp", "fdecstp", "fnop",   "fwait"};
constexpr std::array<std::string_view, 7> kX87Convert = {"fild", "fist",  "fistp",  "fisttp",
                                                         "fbld", "fbstp", "frndint"};
constexpr std::array<std::string_view, 4> kX87Move = {"fld", "fst", "fxch", "fcmov"};

dr_instr_category_t x87_category(std::string_view name) {
  if (starts_with_one_of(name, kX87State)) return DR_INSTR_CATEGORY_STATE;
  if (starts_with_one_of(name, kX87Convert)) return DR_INSTR_CATEGORY_CONVERT;
  return starts_with_one_of(name, kX87Move) ? DR_INSTR_CATEGORY_MOVE : DR_INSTR_CATEGORY_MATH;
}

// Packed and scalar floating point: a suffix of p or s and a letter of the element's type.
bool is_vector_float(std::string_view name) {
  if (name.find("cvt") != std::string_view::npos) return true;
  constexpr std::array<std::string_view, 6> kSuffixes = {"ps", "pd", "ss", "sd", "ph", "sh"};
  const bool has_suffix = std::ranges::any_of(
      kSuffixes, [&](std::string_view suffix) { return name.ends_with(suffix); });
  return has_suffix && name != "movs" && name != "lods" && name != "stos" && name != "cmps" &&
         name != "scas";
}

dr_instr_category_t vector_category(std::string_view name) {
  if (name.find("cvt") != std::string_view::npos) return DR_INSTR_CATEGORY_CONVERT;
  if (name.starts_with("mov") || name.starts_with("vmov") || name.starts_with("vbroadcast")) {
    return DR_INSTR_CATEGORY_MOVE;
  }
  return DR_INSTR_CATEGORY_MATH;
}

bool is_state(int opcode) {
  return opcode == OP_ldmxcsr || opcode == OP_stmxcsr || opcode == OP_vldmxcsr ||
         opcode == OP_vstmxcsr || opcode == OP_fxsave32 || opcode == OP_fxsave64 ||
         opcode == OP_fxrstor32 || opcode == OP_fxrstor64;
}

bool is_floating_vector(instr_t* instr) {
  return has_xmm(instr) && is_vector_float(name_of(instr));
}

uint operation_of(instr_t* instr) {
  const std::string_view name = name_of(instr);
  if (is_state(instr_get_opcode(instr))) return DR_INSTR_CATEGORY_STATE | DR_INSTR_CATEGORY_FP;
  if (is_x87(name, instr)) return x87_category(name) | static_cast<uint>(DR_INSTR_CATEGORY_FP);
  if (is_floating_vector(instr))
    return vector_category(name) | static_cast<uint>(DR_INSTR_CATEGORY_FP);
  if (instr_is_cti(instr)) return DR_INSTR_CATEGORY_BRANCH;
  if (name.find("mov") != std::string_view::npos) return DR_INSTR_CATEGORY_MOVE;
  return (instr_get_opcode_eflags(static_cast<int>(instr->opcode)) & EFLAGS_WRITE_6) != 0
             ? DR_INSTR_CATEGORY_MATH
             : DR_INSTR_CATEGORY_OTHER;
}

constexpr uint kOperations = DR_INSTR_CATEGORY_STATE | DR_INSTR_CATEGORY_MOVE |
                             DR_INSTR_CATEGORY_CONVERT | DR_INSTR_CATEGORY_MATH;

}  // namespace

uint instr_get_category(instr_t* instr) {
  if (instr->category != 0) return instr->category;
  if (!know_operands(instr) || instr_is_label(instr)) return DR_INSTR_CATEGORY_UNCATEGORIZED;
  uint category = operation_of(instr);
  if (has_register(instr, reg_is_simd)) category |= DR_INSTR_CATEGORY_SIMD;
  if (instr_reads_memory(instr)) category |= DR_INSTR_CATEGORY_LOAD;
  if (instr_writes_memory(instr)) category |= DR_INSTR_CATEGORY_STORE;
  return category;
}

void instr_set_category(instr_t* instr, uint category) { instr->category = category; }

const char* instr_get_category_name(dr_instr_category_t category) {
  switch (category) {
    case DR_INSTR_CATEGORY_UNCATEGORIZED:
      return "uncategorized";
    case DR_INSTR_CATEGORY_FP:
      return "fp";
    case DR_INSTR_CATEGORY_LOAD:
      return "load";
    case DR_INSTR_CATEGORY_STORE:
      return "store";
    case DR_INSTR_CATEGORY_BRANCH:
      return "branch";
    case DR_INSTR_CATEGORY_SIMD:
      return "simd";
    case DR_INSTR_CATEGORY_STATE:
      return "state";
    case DR_INSTR_CATEGORY_MOVE:
      return "move";
    case DR_INSTR_CATEGORY_CONVERT:
      return "convert";
    case DR_INSTR_CATEGORY_MATH:
      return "math";
    case DR_INSTR_CATEGORY_OTHER:
      return "other";
  }
  return "";
}

bool instr_is_floating_type(instr_t* instr, dr_instr_category_t* type) {
  const uint category = instr_get_category(instr);
  if ((category & DR_INSTR_CATEGORY_FP) == 0) return false;
  if (type != nullptr) *type = static_cast<dr_instr_category_t>(category);
  return true;
}

bool instr_is_floating_ex(instr_t* instr, dr_fp_type_t* type) {
  const uint category = instr_get_category(instr);
  if ((category & DR_INSTR_CATEGORY_FP) == 0) return false;
  if (type == nullptr) return true;
  switch (category & kOperations) {
    case DR_INSTR_CATEGORY_STATE:
      *type = DR_FP_STATE;
      break;
    case DR_INSTR_CATEGORY_MOVE:
      *type = DR_FP_MOVE;
      break;
    case DR_INSTR_CATEGORY_CONVERT:
      *type = DR_FP_CONVERT;
      break;
    default:
      *type = DR_FP_MATH;
      break;
  }
  return true;
}

bool instr_is_floating(instr_t* instr) { return instr_is_floating_ex(instr, nullptr); }

bool instr_is_mmx(instr_t* instr) {
  return isa_set_of(instr) == ZYDIS_ISA_SET_PENTIUMMMX && !has_xmm(instr);
}
bool instr_is_opmask(instr_t* instr) {
  return has_register(instr, reg_is_opmask) && name_of(instr).starts_with("k");
}

bool instr_is_sse(instr_t* instr) {
  const ZydisISASet set = isa_set_of(instr);
  const bool widened = set == ZYDIS_ISA_SET_PENTIUMMMX && has_xmm(instr);
  return !widened && (set == ZYDIS_ISA_SET_SSE || set == ZYDIS_ISA_SET_SSEMXCSR ||
                      set == ZYDIS_ISA_SET_SSE_PREFETCH);
}

bool instr_is_sse2(instr_t* instr) {
  const ZydisISASet set = isa_set_of(instr);
  return set == ZYDIS_ISA_SET_SSE2 || set == ZYDIS_ISA_SET_SSE2MMX ||
         (set == ZYDIS_ISA_SET_PENTIUMMMX && has_xmm(instr));
}

bool instr_is_sse_or_sse2(instr_t* instr) { return instr_is_sse(instr) || instr_is_sse2(instr); }
bool instr_is_sse3(instr_t* instr) {
  return isa_set_of(instr) == ZYDIS_ISA_SET_SSE3 || isa_set_of(instr) == ZYDIS_ISA_SET_SSE3X87;
}
bool instr_is_ssse3(instr_t* instr) {
  return isa_set_of(instr) == ZYDIS_ISA_SET_SSSE3 || isa_set_of(instr) == ZYDIS_ISA_SET_SSSE3MMX;
}
bool instr_is_sse41(instr_t* instr) { return isa_set_of(instr) == ZYDIS_ISA_SET_SSE4; }
bool instr_is_sse42(instr_t* instr) { return isa_set_of(instr) == ZYDIS_ISA_SET_SSE42; }
bool instr_is_sse4A(instr_t* instr) { return isa_set_of(instr) == ZYDIS_ISA_SET_SSE4A; }
bool instr_is_3DNow(instr_t* instr) { return isa_set_of(instr) == ZYDIS_ISA_SET_AMD3DNOW; }

namespace {

// Instructions in VEX or EVEX form clear what lies above what they write.
bool clears_above(instr_t* instr) { return name_of(instr).starts_with("v"); }

bool writes(instr_t* instr, bool (*is_of_class)(reg_id_t)) {
  know_operands(instr);
  return std::any_of(
      destinations_of(instr), destinations_of(instr) + instr->num_dsts,
      [&](const opnd_t& opnd) { return opnd_is_reg(opnd) && is_of_class(opnd_get_reg(opnd)); });
}

}  // namespace

bool instr_zeroes_ymmh(instr_t* instr) {
  const int opcode = instr_get_opcode(instr);
  if (opcode == OP_vzeroall || opcode == OP_vzeroupper) return opcode == OP_vzeroall;
  return clears_above(instr) && writes(instr, reg_is_strictly_xmm);
}

bool instr_zeroes_zmmh(instr_t* instr) {
  const int opcode = instr_get_opcode(instr);
  if (opcode == OP_vzeroall || opcode == OP_vzeroupper) return true;
  return clears_above(instr) &&
         (writes(instr, reg_is_strictly_xmm) || writes(instr, reg_is_strictly_ymm));
}

// What kind of instruction it is.
#include <algorithm>
#include <array>

#include "dr_ir_decode.h"
#include "dr_ir_opcodes.h"
#include "ir/instruction.h"

using namespace weft::dynamorio;

namespace {

template <size_t N>
bool is_one_of(int opcode, const std::array<int, N>& opcodes) {
  return std::ranges::find(opcodes, opcode) != opcodes.end();
}

bool is_within(int opcode, int first, int last) { return opcode >= first && opcode <= last; }

bool is_jcc(int opcode) {
  return is_within(opcode, OP_jo, OP_jnle) || is_within(opcode, OP_jo_short, OP_jnle_short);
}

constexpr std::array<int, 4> kLoops = {OP_loop, OP_loope, OP_loopne, OP_jecxz};
constexpr std::array<int, 4> kCalls = {OP_call, OP_call_far, OP_call_ind, OP_call_far_ind};
constexpr std::array<int, 3> kReturns = {OP_ret, OP_ret_far, OP_iret};
constexpr std::array<int, 9> kIndirect = {OP_jmp_ind,     OP_call_ind,     OP_ret,
                                          OP_jmp_far_ind, OP_call_far_ind, OP_ret_far,
                                          OP_iret,        OP_sysexit,      OP_sysret};
constexpr std::array<int, 3> kDirectJumps = {OP_jmp, OP_jmp_short, OP_jmp_far};
constexpr std::array<int, 6> kFar = {OP_jmp_far,      OP_call_far, OP_jmp_far_ind,
                                     OP_call_far_ind, OP_ret_far,  OP_iret};
constexpr std::array<int, 5> kMoves = {OP_mov_st, OP_mov_ld, OP_mov_imm, OP_mov_seg, OP_mov_priv};
constexpr std::array<int, 7> kPrefetches = {OP_prefetchnta, OP_prefetcht0, OP_prefetcht1,
                                            OP_prefetcht2,  OP_prefetch,   OP_prefetchw,
                                            OP_prefetchwt1};
constexpr std::array<int, 7> kStrings = {OP_ins,  OP_outs, OP_movs, OP_stos,
                                         OP_lods, OP_cmps, OP_scas};
constexpr std::array<int, 9> kRepStrings = {OP_rep_ins,    OP_rep_outs, OP_rep_movs,
                                            OP_rep_stos,   OP_rep_lods, OP_rep_cmps,
                                            OP_repne_cmps, OP_rep_scas, OP_repne_scas};
constexpr std::array<int, 8> kXsaves = {OP_xsave32,  OP_xsave64,  OP_xsaveopt32, OP_xsaveopt64,
                                        OP_xsavec32, OP_xsavec64, OP_xsaves32,   OP_xsaves64};
constexpr std::array<int, 4> kXrstors = {OP_xrstor32, OP_xrstor64, OP_xrstors32, OP_xrstors64};
constexpr std::array<int, 8> kGathers = {OP_vpgatherdd, OP_vpgatherdq, OP_vpgatherqd,
                                         OP_vpgatherqq, OP_vgatherdps, OP_vgatherdpd,
                                         OP_vgatherqps, OP_vgatherqpd};
constexpr std::array<int, 8> kScatters = {OP_vpscatterdd, OP_vpscatterdq, OP_vpscatterqd,
                                          OP_vpscatterqq, OP_vscatterdps, OP_vscatterdpd,
                                          OP_vscatterqps, OP_vscatterqpd};

// A write of a 32-bit register clears the upper half of the 64-bit one: never a no-op.
bool clears_upper_half(const opnd_t& opnd) {
  return opnd_is_reg(opnd) && reg_is_32bit(opnd_get_reg(opnd));
}

bool is_lea_of_itself(instr_t* instr) {
  const opnd_t source = instr_get_src(instr, 0);
  const opnd_t destination = instr_get_dst(instr, 0);
  if (!opnd_is_base_disp(source) || opnd_get_disp(source) != 0 || clears_upper_half(destination))
    return false;
  const reg_id_t reg = opnd_get_reg(destination);
  const reg_id_t base = opnd_get_base(source);
  const reg_id_t index = opnd_get_index(source);
  return (base == reg && index == DR_REG_NULL) ||
         (index == reg && base == DR_REG_NULL && opnd_get_scale(source) == 1);
}

}  // namespace

bool instr_is_mov(instr_t* instr) { return is_one_of(instr_get_opcode(instr), kMoves); }
bool instr_is_call(instr_t* instr) { return is_one_of(instr_get_opcode(instr), kCalls); }
bool instr_is_near_call_direct(instr_t* instr) { return instr_get_opcode(instr) == OP_call; }

bool instr_is_call_direct(instr_t* instr) {
  const int opcode = instr_get_opcode(instr);
  return opcode == OP_call || opcode == OP_call_far;
}

bool instr_is_call_indirect(instr_t* instr) {
  const int opcode = instr_get_opcode(instr);
  return opcode == OP_call_ind || opcode == OP_call_far_ind;
}

bool instr_is_return(instr_t* instr) { return is_one_of(instr_get_opcode(instr), kReturns); }
bool instr_is_cbr(instr_t* instr) {
  const int opcode = instr_get_opcode(instr);
  return is_jcc(opcode) || is_one_of(opcode, kLoops) || opcode == OP_xbegin;
}
bool instr_is_mbr(instr_t* instr) { return is_one_of(instr_get_opcode(instr), kIndirect); }
bool instr_is_ubr(instr_t* instr) { return is_one_of(instr_get_opcode(instr), kDirectJumps); }

bool instr_is_near_ubr(instr_t* instr) {
  const int opcode = instr_get_opcode(instr);
  return opcode == OP_jmp || opcode == OP_jmp_short;
}

bool instr_is_cti(instr_t* instr) {
  return instr_is_cbr(instr) || instr_is_ubr(instr) || instr_is_mbr(instr) || instr_is_call(instr);
}

bool instr_is_exit_cti(instr_t* instr) {
  if (instr_is_meta(instr) || !know_operands(instr)) return false;
  return (instr_is_ubr(instr) || instr_is_cbr(instr)) && opnd_is_pc(instr_get_target(instr));
}

bool instr_is_cti_short(instr_t* instr) {
  const int opcode = instr_get_opcode(instr);
  return opcode == OP_jmp_short || is_within(opcode, OP_jo_short, OP_jnle_short) ||
         instr_is_cti_loop(instr);
}

bool instr_is_cti_loop(instr_t* instr) { return is_one_of(instr_get_opcode(instr), kLoops); }
// A loop instruction is never rewritten here.
bool instr_is_cti_short_rewrite(instr_t*, byte*) { return false; }

bool instr_is_jump_mem(instr_t* instr) {
  return instr_get_opcode(instr) == OP_jmp_ind && opnd_is_memory_reference(instr_get_target(instr));
}

bool instr_is_far_cti(instr_t* instr) { return is_one_of(instr_get_opcode(instr), kFar); }

bool instr_is_far_abs_cti(instr_t* instr) {
  const int opcode = instr_get_opcode(instr);
  return opcode == OP_jmp_far || opcode == OP_call_far;
}

bool instr_is_syscall(instr_t* instr) {
  const int opcode = instr_get_opcode(instr);
  return opcode == OP_syscall || opcode == OP_sysenter ||
         (opcode == OP_int && instr_get_interrupt_number(instr) == 0x80);
}

bool instr_is_interrupt(instr_t* instr) {
  const int opcode = instr_get_opcode(instr);
  return opcode == OP_int || opcode == OP_int3 || opcode == OP_into;
}

int instr_get_interrupt_number(instr_t* instr) {
  return static_cast<int>(opnd_get_immed_int(instr_get_src(instr, 0)) & 0xff);
}

bool instr_is_undefined(instr_t* instr) {
  const int opcode = instr_get_opcode(instr);
  return opcode == OP_ud2 || opcode == OP_ud1 || opcode == OP_ud0;
}

bool instr_is_nop(instr_t* instr) {
  const int opcode = instr_get_opcode(instr);
  if (opcode == OP_nop || opcode == OP_nop_modrm) return true;
  if (opcode == OP_lea) return is_lea_of_itself(instr);
  const opnd_t destination = instr_get_dst(instr, 0);
  if (opcode == OP_mov_ld || opcode == OP_mov_st) {
    return opnd_same(instr_get_src(instr, 0), destination) && !clears_upper_half(destination);
  }
  return opcode == OP_xchg && opnd_same(destination, instr_get_dst(instr, 1)) &&
         !clears_upper_half(destination);
}

bool instr_is_prefetch(instr_t* instr) { return is_one_of(instr_get_opcode(instr), kPrefetches); }

bool instr_is_mov_constant(instr_t* instr, ptr_int_t* value) {
  const int opcode = instr_get_opcode(instr);
  const opnd_t source = instr_get_src(instr, 0);
  if (opcode == OP_xor && opnd_same(source, instr_get_dst(instr, 0))) {
    *value = 0;
    return true;
  }
  if ((opcode != OP_mov_imm && opcode != OP_mov_st) || !opnd_is_immed_int(source)) return false;
  *value = opnd_get_immed_int(source);
  return true;
}

bool instr_is_mov_imm_to_tos(instr_t* instr) {
  if (instr_get_opcode(instr) != OP_mov_st) return false;
  const opnd_t destination = instr_get_dst(instr, 0);
  return opnd_is_immed_int(instr_get_src(instr, 0)) && opnd_is_base_disp(destination) &&
         opnd_get_base(destination) == DR_REG_XSP && opnd_get_index(destination) == DR_REG_NULL &&
         opnd_get_disp(destination) == 0;
}

bool instr_is_string_op(instr_t* instr) { return is_one_of(instr_get_opcode(instr), kStrings); }
bool instr_is_rep_string_op(instr_t* instr) {
  return is_one_of(instr_get_opcode(instr), kRepStrings);
}
bool instr_is_xsave(instr_t* instr) { return is_one_of(instr_get_opcode(instr), kXsaves); }
bool instr_is_xrstor(instr_t* instr) { return is_one_of(instr_get_opcode(instr), kXrstors); }
bool instr_is_gather(instr_t* instr) { return is_one_of(instr_get_opcode(instr), kGathers); }
bool instr_is_scatter(instr_t* instr) { return is_one_of(instr_get_opcode(instr), kScatters); }
bool instr_is_exclusive_load(instr_t*) { return false; }
bool instr_is_exclusive_store(instr_t*) { return false; }

// Addresses of memory operands.
#include <cpuid.h>

#include "core/inserted_code.h"
#include "drutil.h"

using weft::dynamorio::add_meta;

namespace {

opnd_t as_address(opnd_t memref) {
  opnd_set_size(&memref, OPSZ_lea);
  return memref;
}

/// xlat: rbx and al.
bool has_byte_index(opnd_t memref) {
  return opnd_is_base_disp(memref) && opnd_get_index(memref) == DR_REG_AL;
}

/// What the CPU says of its state as it is switched on.
uint xsave_bytes(int opcode) {
  constexpr uint kStateLeaf = 13;
  const bool compact = opcode == OP_xsavec32 || opcode == OP_xsavec64;
  unsigned eax = 0;
  unsigned bytes = 0;
  unsigned ecx = 0;
  unsigned edx = 0;
  __get_cpuid_count(kStateLeaf, compact ? 1 : 0, &eax, &bytes, &ecx, &edx);
  return bytes;
}

}  // namespace

extern "C" {

bool drutil_init() { return drmgr_init(); }
void drutil_exit() { drmgr_exit(); }

bool drutil_insert_get_mem_addr(void* drcontext, instrlist_t* bb, instr_t* where, opnd_t memref,
                                reg_id_t dst, reg_id_t scratch) {
  return drutil_insert_get_mem_addr_ex(drcontext, bb, where, memref, dst, scratch, nullptr);
}

bool drutil_insert_get_mem_addr_ex(void* drcontext, instrlist_t* bb, instr_t* where, opnd_t memref,
                                   reg_id_t dst, reg_id_t scratch, bool* scratch_used) {
  if (scratch_used != nullptr) *scratch_used = false;
  const opnd_t to = opnd_create_reg(dst);
  if (opnd_is_rel_addr(memref) || opnd_is_abs_addr(memref)) {
    const bool has_base = opnd_is_far_memory_reference(memref);
    instrlist_insert_mov_immed_ptrsz(drcontext, reinterpret_cast<ptr_int_t>(opnd_get_addr(memref)),
                                     to, bb, where, nullptr, nullptr);
    if (!has_base) return true;
  } else if (!opnd_is_base_disp(memref)) {
    return false;
  } else if (has_byte_index(memref)) {
    if (scratch_used != nullptr) *scratch_used = true;
    add_meta(bb, where,
             INSTR_CREATE_movzx(drcontext, opnd_create_reg(reg_64_to_32(scratch)),
                                opnd_create_reg(DR_REG_AL)));
    add_meta(bb, where,
             INSTR_CREATE_lea(drcontext, to,
                              opnd_create_base_disp(opnd_get_base(memref), scratch, 1,
                                                    opnd_get_disp(memref), OPSZ_lea)));
  } else {
    opnd_t near = memref;
    if (opnd_is_far_memory_reference(memref)) {
      near = opnd_create_base_disp(opnd_get_base(memref), opnd_get_index(memref),
                                   opnd_get_scale(memref), opnd_get_disp(memref), OPSZ_lea);
    }
    add_meta(bb, where, INSTR_CREATE_lea(drcontext, to, as_address(near)));
  }
  if (!opnd_is_far_memory_reference(memref)) return true;
  const reg_id_t segment = opnd_get_segment(memref);
  if (segment != DR_SEG_FS && segment != DR_SEG_GS) return true;
  if (scratch_used != nullptr) *scratch_used = true;
  if (!dr_insert_get_seg_base(drcontext, bb, where, segment, scratch)) return false;
  add_meta(bb, where,
           INSTR_CREATE_lea(drcontext, to, opnd_create_base_disp(dst, scratch, 1, 0, OPSZ_lea)));
  return true;
}

uint drutil_opnd_mem_size_in_bytes(opnd_t memref, instr_t* inst) {
  if (inst != nullptr && instr_get_opcode(inst) == OP_enter) {
    // One more word for each level.
    const opnd_t levels = instr_get_src(inst, 1);
    if (opnd_is_immed_int(levels)) {
      return opnd_size_in_bytes(opnd_get_size(memref)) *
             static_cast<uint>(1 + opnd_get_immed_int(levels));
    }
  }
  if (inst != nullptr && instr_is_xsave(inst)) return xsave_bytes(instr_get_opcode(inst));
  return opnd_size_in_bytes(opnd_get_size(memref));
}

}  // extern "C"

// Code that clients insert and that needs no engine: constants, addresses of instructions, blocks
// as they are.
#include "dr_ir_macros.h"
#include "dr_ir_utils.h"
#include "ir/instruction.h"

using namespace weft::dynamorio;

namespace {

bool fits_signed_32(ptr_int_t value) { return value == static_cast<int>(value); }

// Puts instr before where as the client's, and notes the first and the last of a sequence.
class Sequence {
 public:
  Sequence(instrlist_t* ilist, instr_t* where) : ilist_(ilist), where_(where) {}

  void put(instr_t* instr) {
    instrlist_meta_preinsert(ilist_, where_, instr);
    if (first_ == nullptr) first_ = instr;
    last_ = instr;
  }

  void report(instr_t** first, instr_t** last) const {
    if (first != nullptr) *first = first_;
    // NULL: there is no more than the first.
    if (last != nullptr) *last = last_ == first_ ? nullptr : last_;
  }

 private:
  instrlist_t* ilist_;
  instr_t* where_;
  instr_t* first_ = nullptr;
  instr_t* last_ = nullptr;
};

opnd_t upper_half_of(opnd_t memory) {
  opnd_set_size(&memory, OPSZ_4);
  if (opnd_is_base_disp(memory)) {
    opnd_set_disp(&memory, opnd_get_disp(memory) + 4);
    return memory;
  }
  byte* const address = static_cast<byte*>(opnd_get_addr(memory)) + 4;
  return opnd_is_rel_addr(memory) ? opnd_create_rel_addr(address, OPSZ_4)
                                  : opnd_create_abs_addr(address, OPSZ_4);
}

// low and high: the halves of a value of 64 bits.
void store_halves(void* drcontext, Sequence& sequence, opnd_t dst, opnd_t low, opnd_t high) {
  opnd_t half = dst;
  opnd_set_size(&half, OPSZ_4);
  sequence.put(INSTR_CREATE_mov_st(drcontext, half, low));
  sequence.put(INSTR_CREATE_mov_st(drcontext, upper_half_of(dst), high));
}

// A push of 4 bytes extends their sign: the upper half follows by a store when it is another.
void push_halves(void* drcontext, Sequence& sequence, opnd_t low, opnd_t high, bool needs_high) {
  sequence.put(INSTR_CREATE_push_imm(drcontext, low));
  if (needs_high)
    sequence.put(INSTR_CREATE_mov_st(drcontext, OPND_CREATE_MEM32(DR_REG_XSP, 4), high));
}

opnd_t address_part(instr_t* target, opnd_size_t size, ushort shift) {
  return opnd_create_instr_ex(target, size, shift);
}

}  // namespace

void instrlist_insert_mov_immed_ptrsz(void* drcontext, ptr_int_t val, opnd_t dst,
                                      instrlist_t* ilist, instr_t* where, instr_t** first,
                                      instr_t** last) {
  Sequence sequence(ilist, where);
  if (opnd_is_reg(dst)) {
    const auto unsigned_value = static_cast<ptr_uint_t>(val);
    const reg_id_t reg = opnd_get_reg(dst);
    if (reg_is_64bit(reg) && unsigned_value <= 0xffffffff) {
      sequence.put(INSTR_CREATE_mov_imm(drcontext, opnd_create_reg(reg_64_to_32(reg)),
                                        OPND_CREATE_INT32(val)));
    } else {
      sequence.put(
          INSTR_CREATE_mov_imm(drcontext, dst, opnd_create_immed_int(val, reg_get_size(reg))));
    }
  } else if (fits_signed_32(val) || opnd_size_in_bytes(opnd_get_size(dst)) < 8) {
    sequence.put(INSTR_CREATE_mov_st(drcontext, dst, OPND_CREATE_INT32(val)));
  } else {
    store_halves(drcontext, sequence, dst, OPND_CREATE_INT32(static_cast<int>(val)),
                 OPND_CREATE_INT32(static_cast<int>(val >> 32)));
  }
  sequence.report(first, last);
}

void instrlist_insert_push_immed_ptrsz(void* drcontext, ptr_int_t val, instrlist_t* ilist,
                                       instr_t* where, instr_t** first, instr_t** last) {
  Sequence sequence(ilist, where);
  push_halves(drcontext, sequence, OPND_CREATE_INT32(static_cast<int>(val)),
              OPND_CREATE_INT32(static_cast<int>(val >> 32)), !fits_signed_32(val));
  sequence.report(first, last);
}

// Where the code will be is not known yet: all of the address is written.
void instrlist_insert_mov_instr_addr(void* drcontext, instr_t* src_inst, byte*, opnd_t dst,
                                     instrlist_t* ilist, instr_t* where, instr_t** first,
                                     instr_t** last) {
  Sequence sequence(ilist, where);
  if (opnd_is_reg(dst)) {
    sequence.put(INSTR_CREATE_mov_imm(drcontext, dst, address_part(src_inst, OPSZ_8, 0)));
  } else {
    store_halves(drcontext, sequence, dst, address_part(src_inst, OPSZ_4, 0),
                 address_part(src_inst, OPSZ_4, 32));
  }
  sequence.report(first, last);
}

void instrlist_insert_push_instr_addr(void* drcontext, instr_t* src_inst, byte*, instrlist_t* ilist,
                                      instr_t* where, instr_t** first, instr_t** last) {
  Sequence sequence(ilist, where);
  push_halves(drcontext, sequence, address_part(src_inst, OPSZ_4, 0),
              address_part(src_inst, OPSZ_4, 32), true);
  sequence.report(first, last);
}

instr_t* instr_convert_short_meta_jmp_to_long(void*, instrlist_t*, instr_t* instr) {
  const int opcode = instr_get_opcode(instr);
  if (opcode == OP_jmp_short) instr_set_opcode(instr, OP_jmp);
  if (opcode >= OP_jo_short && opcode <= OP_jnle_short)
    instr_set_opcode(instr, opcode - OP_jo_short + OP_jo);
  return instr;
}

instrlist_t* decode_as_bb(void* drcontext, byte* start_pc) {
  instrlist_t* const ilist = instrlist_create(drcontext);
  for (byte* pc = start_pc; pc != nullptr;) {
    instr_t* const instr = instr_create(drcontext);
    byte* const here = pc;
    pc = decode(drcontext, pc, instr);
    if (pc == nullptr) {
      instr_destroy(drcontext, instr);
      break;
    }
    instr_set_translation(instr, here);
    instrlist_append(ilist, instr);
    if (instr_is_cti(instr) || instr_is_syscall(instr) || instr_is_interrupt(instr)) break;
  }
  return ilist;
}

reg_id_t dr_get_stolen_reg(void) { return DR_REG_NULL; }
bool dr_insert_get_stolen_reg_value(void*, instrlist_t*, instr_t*, reg_id_t) { return false; }
bool dr_insert_set_stolen_reg_value(void*, instrlist_t*, instr_t*, reg_id_t) { return false; }

reg_t dr_merge_arith_flags(reg_t cur_xflags, reg_t saved_xflag) {
  // lahf left SF to CF in the second byte, seto OF in the first.
  const reg_t from_ah =
      (saved_xflag >> 8) & (EFLAGS_SF | EFLAGS_ZF | EFLAGS_AF | EFLAGS_PF | EFLAGS_CF);
  const reg_t overflow = (saved_xflag & 0xff) != 0 ? reg_t{EFLAGS_OF} : 0;
  return (cur_xflags & ~reg_t{EFLAGS_ARITH}) | from_ah | overflow;
}

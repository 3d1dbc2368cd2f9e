// Operands: making them and telling their kinds.
#include <cstring>

#include "ir/operand.h"

using weft::dynamorio::Kind;
using weft::dynamorio::kind_of;

namespace {

opnd_t make(Kind kind, opnd_size_t size) {
  opnd_t opnd;
  std::memset(&opnd, 0, sizeof opnd);
  opnd.kind = static_cast<byte>(kind);
  opnd.size = size;
  return opnd;
}

bool is(const opnd_t& opnd, Kind kind) { return kind_of(opnd) == kind; }

opnd_t make_address(Kind kind, reg_id_t segment, void* addr, opnd_size_t size) {
  opnd_t opnd = make(kind, size);
  opnd.aux.segment = segment;
  opnd.value.addr = addr;
  return opnd;
}

}  // namespace

namespace weft::dynamorio {

bool is_memory(const opnd_t& opnd) {
  const Kind kind = kind_of(opnd);
  return kind == Kind::kMemory || kind == Kind::kRelative || kind == Kind::kAbsolute ||
         kind == Kind::kMemInstr;
}

}  // namespace weft::dynamorio

opnd_t opnd_create_null(void) { return make(Kind::kNull, OPSZ_NA); }

opnd_t opnd_create_reg(reg_id_t reg) { return opnd_create_reg_ex(reg, OPSZ_NA, DR_OPND_DEFAULT); }

opnd_t opnd_create_reg_partial(reg_id_t reg, opnd_size_t size) {
  return opnd_create_reg_ex(reg, size, DR_OPND_DEFAULT);
}

opnd_t opnd_create_reg_ex(reg_id_t reg, opnd_size_t size, dr_opnd_flags_t flags) {
  opnd_t opnd = make(Kind::kReg, size);
  opnd.value.reg = reg;
  opnd.flags = static_cast<ushort>(flags);
  return opnd;
}

opnd_t opnd_create_immed_int(ptr_int_t value, opnd_size_t size) {
  opnd_t opnd = make(Kind::kInteger, size);
  opnd.value.immed_int = value;
  return opnd;
}

opnd_t opnd_create_immed_uint(ptr_uint_t value, opnd_size_t size) {
  return opnd_create_immed_int(static_cast<ptr_int_t>(value), size);
}

opnd_t opnd_create_immed_int64(int64 value, opnd_size_t size) {
  return opnd_create_immed_int(value, size);
}

opnd_t opnd_invert_immed_int(opnd_t opnd) {
  if (is(opnd, Kind::kInteger)) opnd.value.immed_int = ~opnd.value.immed_int;
  return opnd;
}

opnd_t opnd_create_immed_float(float value) {
  opnd_t opnd = make(Kind::kFloat, OPSZ_4);
  opnd.value.immed_float = value;
  return opnd;
}

opnd_t opnd_create_immed_double(double value) {
  opnd_t opnd = make(Kind::kDouble, OPSZ_8);
  opnd.value.immed_double = value;
  return opnd;
}

opnd_t opnd_create_pc(app_pc pc) {
  opnd_t opnd = make(Kind::kPc, OPSZ_PTR);
  opnd.value.pc = pc;
  return opnd;
}

opnd_t opnd_create_far_pc(ushort selector, app_pc pc) {
  opnd_t opnd = make(Kind::kFarPc, OPSZ_6_irex10_short4);
  opnd.aux.selector = selector;
  opnd.value.pc = pc;
  return opnd;
}

opnd_t opnd_create_instr(instr_t* instr) { return opnd_create_instr_ex(instr, OPSZ_PTR, 0); }

opnd_t opnd_create_instr_ex(instr_t* instr, opnd_size_t size, ushort shift) {
  opnd_t opnd = make(Kind::kInstr, size);
  opnd.aux.shift = shift;
  opnd.value.instr = instr;
  return opnd;
}

opnd_t opnd_create_far_instr(ushort selector, instr_t* instr) {
  opnd_t opnd = make(Kind::kFarInstr, OPSZ_6_irex10_short4);
  opnd.aux.selector = selector;
  opnd.value.instr = instr;
  return opnd;
}

opnd_t opnd_create_mem_instr(instr_t* instr, short disp, opnd_size_t size) {
  opnd_t opnd = make(Kind::kMemInstr, size);
  opnd.aux.instr_disp = disp;
  opnd.value.instr = instr;
  return opnd;
}

opnd_t opnd_create_base_disp(reg_id_t base, reg_id_t index, int scale, int disp, opnd_size_t size) {
  return opnd_create_far_base_disp_ex(DR_REG_NULL, base, index, scale, disp, size, false, false,
                                      false);
}

opnd_t opnd_create_base_disp_ex(reg_id_t base, reg_id_t index, int scale, int disp,
                                opnd_size_t size, bool encode_zero_disp, bool force_full_disp,
                                bool disp_short_addr) {
  return opnd_create_far_base_disp_ex(DR_REG_NULL, base, index, scale, disp, size, encode_zero_disp,
                                      force_full_disp, disp_short_addr);
}

opnd_t opnd_create_far_base_disp(reg_id_t segment, reg_id_t base, reg_id_t index, int scale,
                                 int disp, opnd_size_t size) {
  return opnd_create_far_base_disp_ex(segment, base, index, scale, disp, size, false, false, false);
}

opnd_t opnd_create_far_base_disp_ex(reg_id_t segment, reg_id_t base, reg_id_t index, int scale,
                                    int disp, opnd_size_t size, bool encode_zero_disp,
                                    bool force_full_disp, bool disp_short_addr) {
  opnd_t opnd = make(Kind::kMemory, size);
  opnd.aux.segment = segment;
  opnd.scale = static_cast<byte>(index == DR_REG_NULL ? 0 : scale);
  opnd.value.mem.base = base;
  opnd.value.mem.index = index;
  opnd_set_disp_ex(&opnd, disp, encode_zero_disp, force_full_disp, disp_short_addr);
  return opnd;
}

opnd_t opnd_create_abs_addr(void* addr, opnd_size_t size) {
  return opnd_create_far_abs_addr(DR_REG_NULL, addr, size);
}

opnd_t opnd_create_far_abs_addr(reg_id_t segment, void* addr, opnd_size_t size) {
  const auto value = reinterpret_cast<ptr_int_t>(addr);
  if (value == static_cast<int>(value)) {
    return opnd_create_far_base_disp(segment, DR_REG_NULL, DR_REG_NULL, 0, static_cast<int>(value),
                                     size);
  }
  return make_address(Kind::kAbsolute, segment, addr, size);
}

opnd_t opnd_create_rel_addr(void* addr, opnd_size_t size) {
  return make_address(Kind::kRelative, DR_REG_NULL, addr, size);
}

opnd_t opnd_create_far_rel_addr(reg_id_t segment, void* addr, opnd_size_t size) {
  return make_address(Kind::kRelative, segment, addr, size);
}

opnd_t opnd_create_increment_reg(opnd_t opnd, uint increment) {
  opnd.value.reg = static_cast<reg_id_t>(opnd.value.reg + increment);
  return opnd;
}

bool opnd_is_null(opnd_t opnd) { return is(opnd, Kind::kNull); }
bool opnd_is_reg(opnd_t opnd) { return is(opnd, Kind::kReg); }
bool opnd_is_reg_partial(opnd_t opnd) { return is(opnd, Kind::kReg) && opnd.size != OPSZ_NA; }
bool opnd_is_immed(opnd_t opnd) {
  return is(opnd, Kind::kInteger) || is(opnd, Kind::kFloat) || is(opnd, Kind::kDouble);
}
bool opnd_is_immed_int(opnd_t opnd) { return is(opnd, Kind::kInteger); }
bool opnd_is_immed_int64(opnd_t opnd) { return is(opnd, Kind::kInteger) && opnd.size == OPSZ_8; }
bool opnd_is_immed_float(opnd_t opnd) { return is(opnd, Kind::kFloat); }
bool opnd_is_immed_double(opnd_t opnd) { return is(opnd, Kind::kDouble); }
bool opnd_is_pc(opnd_t opnd) { return opnd_is_near_pc(opnd) || opnd_is_far_pc(opnd); }
bool opnd_is_near_pc(opnd_t opnd) { return is(opnd, Kind::kPc); }
bool opnd_is_far_pc(opnd_t opnd) { return is(opnd, Kind::kFarPc); }
bool opnd_is_instr(opnd_t opnd) { return opnd_is_near_instr(opnd) || opnd_is_far_instr(opnd); }
bool opnd_is_near_instr(opnd_t opnd) { return is(opnd, Kind::kInstr); }
bool opnd_is_far_instr(opnd_t opnd) { return is(opnd, Kind::kFarInstr); }
bool opnd_is_mem_instr(opnd_t opnd) { return is(opnd, Kind::kMemInstr); }
bool opnd_is_base_disp(opnd_t opnd) { return is(opnd, Kind::kMemory); }
bool opnd_is_near_base_disp(opnd_t opnd) {
  return is(opnd, Kind::kMemory) && opnd.aux.segment == DR_REG_NULL;
}
bool opnd_is_far_base_disp(opnd_t opnd) {
  return is(opnd, Kind::kMemory) && opnd.aux.segment != DR_REG_NULL;
}
bool opnd_is_vsib(opnd_t opnd) {
  return is(opnd, Kind::kMemory) && reg_is_vector_simd(opnd.value.mem.index);
}

// A base_disp without registers is an absolute address too.
bool opnd_is_abs_addr(opnd_t opnd) {
  return is(opnd, Kind::kAbsolute) ||
         (is(opnd, Kind::kMemory) && opnd.value.mem.base == DR_REG_NULL &&
          opnd.value.mem.index == DR_REG_NULL);
}
bool opnd_is_near_abs_addr(opnd_t opnd) {
  return opnd_is_abs_addr(opnd) && opnd.aux.segment == DR_REG_NULL;
}
bool opnd_is_far_abs_addr(opnd_t opnd) {
  return opnd_is_abs_addr(opnd) && opnd.aux.segment != DR_REG_NULL;
}
bool opnd_is_rel_addr(opnd_t opnd) { return is(opnd, Kind::kRelative); }
bool opnd_is_near_rel_addr(opnd_t opnd) {
  return is(opnd, Kind::kRelative) && opnd.aux.segment == DR_REG_NULL;
}
bool opnd_is_far_rel_addr(opnd_t opnd) {
  return is(opnd, Kind::kRelative) && opnd.aux.segment != DR_REG_NULL;
}
bool opnd_is_memory_reference(opnd_t opnd) { return weft::dynamorio::is_memory(opnd); }
bool opnd_is_far_memory_reference(opnd_t opnd) {
  return opnd_is_far_base_disp(opnd) || opnd_is_far_abs_addr(opnd) || opnd_is_far_rel_addr(opnd);
}
bool opnd_is_near_memory_reference(opnd_t opnd) {
  return opnd_is_memory_reference(opnd) && !opnd_is_far_memory_reference(opnd);
}
bool opnd_is_reg_32bit(opnd_t opnd) { return opnd_is_reg(opnd) && reg_is_32bit(opnd.value.reg); }
bool opnd_is_reg_64bit(opnd_t opnd) { return opnd_is_reg(opnd) && reg_is_64bit(opnd.value.reg); }
bool opnd_is_reg_pointer_sized(opnd_t opnd) { return opnd_is_reg_64bit(opnd); }
bool opnd_is_element_vector_reg(opnd_t) { return false; }
bool opnd_is_predicate_reg(opnd_t) { return false; }
bool opnd_is_predicate_merge(opnd_t) { return false; }
bool opnd_is_predicate_zero(opnd_t) { return false; }
bool opnd_is_governing(opnd_t) { return false; }
bool opnd_is_vector_base_disp(opnd_t) { return false; }

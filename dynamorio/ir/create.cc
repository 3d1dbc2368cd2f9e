// Making instructions from operands.
#include <algorithm>
#include <cstdarg>
#include <cstring>
#include <initializer_list>

#include "dr_ir_macros.h"
#include "ir/instruction.h"

using namespace weft::dynamorio;

namespace {

instr_t* make(void* drcontext, int opcode, std::initializer_list<opnd_t> destinations,
              std::initializer_list<opnd_t> sources) {
  instr_t* const instr = instr_build(drcontext, opcode, static_cast<int>(destinations.size()),
                                     static_cast<int>(sources.size()));
  opnd_t* place = operands_of(instr);
  for (const opnd_t& opnd : destinations) *place++ = opnd;
  for (const opnd_t& opnd : sources) *place++ = opnd;
  if (opcode == OP_LABEL) return instr;
  instr->predicate = static_cast<byte>(predicate_of(opcode));
  return instr;
}

}  // namespace

instr_t* instr_create_0dst_0src(void* drcontext, int opcode) {
  return make(drcontext, opcode, {}, {});
}

instr_t* instr_create_0dst_1src(void* drcontext, int opcode, opnd_t src) {
  return make(drcontext, opcode, {}, {src});
}

instr_t* instr_create_0dst_2src(void* drcontext, int opcode, opnd_t src1, opnd_t src2) {
  return make(drcontext, opcode, {}, {src1, src2});
}

instr_t* instr_create_0dst_3src(void* drcontext, int opcode, opnd_t src1, opnd_t src2,
                                opnd_t src3) {
  return make(drcontext, opcode, {}, {src1, src2, src3});
}

instr_t* instr_create_0dst_4src(void* drcontext, int opcode, opnd_t src1, opnd_t src2, opnd_t src3,
                                opnd_t src4) {
  return make(drcontext, opcode, {}, {src1, src2, src3, src4});
}

instr_t* instr_create_1dst_0src(void* drcontext, int opcode, opnd_t dst) {
  return make(drcontext, opcode, {dst}, {});
}

instr_t* instr_create_1dst_1src(void* drcontext, int opcode, opnd_t dst, opnd_t src) {
  return make(drcontext, opcode, {dst}, {src});
}

instr_t* instr_create_1dst_2src(void* drcontext, int opcode, opnd_t dst, opnd_t src1, opnd_t src2) {
  return make(drcontext, opcode, {dst}, {src1, src2});
}

instr_t* instr_create_1dst_3src(void* drcontext, int opcode, opnd_t dst, opnd_t src1, opnd_t src2,
                                opnd_t src3) {
  return make(drcontext, opcode, {dst}, {src1, src2, src3});
}

instr_t* instr_create_1dst_4src(void* drcontext, int opcode, opnd_t dst, opnd_t src1, opnd_t src2,
                                opnd_t src3, opnd_t src4) {
  return make(drcontext, opcode, {dst}, {src1, src2, src3, src4});
}

instr_t* instr_create_1dst_5src(void* drcontext, int opcode, opnd_t dst, opnd_t src1, opnd_t src2,
                                opnd_t src3, opnd_t src4, opnd_t src5) {
  return make(drcontext, opcode, {dst}, {src1, src2, src3, src4, src5});
}

instr_t* instr_create_1dst_6src(void* drcontext, int opcode, opnd_t dst, opnd_t src1, opnd_t src2,
                                opnd_t src3, opnd_t src4, opnd_t src5, opnd_t src6) {
  return make(drcontext, opcode, {dst}, {src1, src2, src3, src4, src5, src6});
}

instr_t* instr_create_2dst_0src(void* drcontext, int opcode, opnd_t dst1, opnd_t dst2) {
  return make(drcontext, opcode, {dst1, dst2}, {});
}

instr_t* instr_create_2dst_1src(void* drcontext, int opcode, opnd_t dst1, opnd_t dst2, opnd_t src) {
  return make(drcontext, opcode, {dst1, dst2}, {src});
}

instr_t* instr_create_2dst_2src(void* drcontext, int opcode, opnd_t dst1, opnd_t dst2, opnd_t src1,
                                opnd_t src2) {
  return make(drcontext, opcode, {dst1, dst2}, {src1, src2});
}

instr_t* instr_create_2dst_3src(void* drcontext, int opcode, opnd_t dst1, opnd_t dst2, opnd_t src1,
                                opnd_t src2, opnd_t src3) {
  return make(drcontext, opcode, {dst1, dst2}, {src1, src2, src3});
}

instr_t* instr_create_2dst_4src(void* drcontext, int opcode, opnd_t dst1, opnd_t dst2, opnd_t src1,
                                opnd_t src2, opnd_t src3, opnd_t src4) {
  return make(drcontext, opcode, {dst1, dst2}, {src1, src2, src3, src4});
}

instr_t* instr_create_2dst_5src(void* drcontext, int opcode, opnd_t dst1, opnd_t dst2, opnd_t src1,
                                opnd_t src2, opnd_t src3, opnd_t src4, opnd_t src5) {
  return make(drcontext, opcode, {dst1, dst2}, {src1, src2, src3, src4, src5});
}

instr_t* instr_create_3dst_0src(void* drcontext, int opcode, opnd_t dst1, opnd_t dst2,
                                opnd_t dst3) {
  return make(drcontext, opcode, {dst1, dst2, dst3}, {});
}

instr_t* instr_create_3dst_1src(void* drcontext, int opcode, opnd_t dst1, opnd_t dst2, opnd_t dst3,
                                opnd_t src) {
  return make(drcontext, opcode, {dst1, dst2, dst3}, {src});
}

instr_t* instr_create_3dst_2src(void* drcontext, int opcode, opnd_t dst1, opnd_t dst2, opnd_t dst3,
                                opnd_t src1, opnd_t src2) {
  return make(drcontext, opcode, {dst1, dst2, dst3}, {src1, src2});
}

instr_t* instr_create_3dst_3src(void* drcontext, int opcode, opnd_t dst1, opnd_t dst2, opnd_t dst3,
                                opnd_t src1, opnd_t src2, opnd_t src3) {
  return make(drcontext, opcode, {dst1, dst2, dst3}, {src1, src2, src3});
}

instr_t* instr_create_3dst_4src(void* drcontext, int opcode, opnd_t dst1, opnd_t dst2, opnd_t dst3,
                                opnd_t src1, opnd_t src2, opnd_t src3, opnd_t src4) {
  return make(drcontext, opcode, {dst1, dst2, dst3}, {src1, src2, src3, src4});
}

instr_t* instr_create_3dst_5src(void* drcontext, int opcode, opnd_t dst1, opnd_t dst2, opnd_t dst3,
                                opnd_t src1, opnd_t src2, opnd_t src3, opnd_t src4, opnd_t src5) {
  return make(drcontext, opcode, {dst1, dst2, dst3}, {src1, src2, src3, src4, src5});
}

instr_t* instr_create_3dst_6src(void* drcontext, int opcode, opnd_t dst1, opnd_t dst2, opnd_t dst3,
                                opnd_t src1, opnd_t src2, opnd_t src3, opnd_t src4, opnd_t src5,
                                opnd_t src6) {
  return make(drcontext, opcode, {dst1, dst2, dst3}, {src1, src2, src3, src4, src5, src6});
}

instr_t* instr_create_4dst_1src(void* drcontext, int opcode, opnd_t dst1, opnd_t dst2, opnd_t dst3,
                                opnd_t dst4, opnd_t src) {
  return make(drcontext, opcode, {dst1, dst2, dst3, dst4}, {src});
}

instr_t* instr_create_4dst_2src(void* drcontext, int opcode, opnd_t dst1, opnd_t dst2, opnd_t dst3,
                                opnd_t dst4, opnd_t src1, opnd_t src2) {
  return make(drcontext, opcode, {dst1, dst2, dst3, dst4}, {src1, src2});
}

instr_t* instr_create_4dst_3src(void* drcontext, int opcode, opnd_t dst1, opnd_t dst2, opnd_t dst3,
                                opnd_t dst4, opnd_t src1, opnd_t src2, opnd_t src3) {
  return make(drcontext, opcode, {dst1, dst2, dst3, dst4}, {src1, src2, src3});
}

instr_t* instr_create_4dst_4src(void* drcontext, int opcode, opnd_t dst1, opnd_t dst2, opnd_t dst3,
                                opnd_t dst4, opnd_t src1, opnd_t src2, opnd_t src3, opnd_t src4) {
  return make(drcontext, opcode, {dst1, dst2, dst3, dst4}, {src1, src2, src3, src4});
}

instr_t* instr_create_4dst_5src(void* drcontext, int opcode, opnd_t dst1, opnd_t dst2, opnd_t dst3,
                                opnd_t dst4, opnd_t src1, opnd_t src2, opnd_t src3, opnd_t src4,
                                opnd_t src5) {
  return make(drcontext, opcode, {dst1, dst2, dst3, dst4}, {src1, src2, src3, src4, src5});
}

instr_t* instr_create_4dst_6src(void* drcontext, int opcode, opnd_t dst1, opnd_t dst2, opnd_t dst3,
                                opnd_t dst4, opnd_t src1, opnd_t src2, opnd_t src3, opnd_t src4,
                                opnd_t src5, opnd_t src6) {
  return make(drcontext, opcode, {dst1, dst2, dst3, dst4}, {src1, src2, src3, src4, src5, src6});
}

instr_t* instr_create_4dst_7src(void* drcontext, int opcode, opnd_t dst1, opnd_t dst2, opnd_t dst3,
                                opnd_t dst4, opnd_t src1, opnd_t src2, opnd_t src3, opnd_t src4,
                                opnd_t src5, opnd_t src6, opnd_t src7) {
  return make(drcontext, opcode, {dst1, dst2, dst3, dst4},
              {src1, src2, src3, src4, src5, src6, src7});
}

instr_t* instr_create_5dst_3src(void* drcontext, int opcode, opnd_t dst1, opnd_t dst2, opnd_t dst3,
                                opnd_t dst4, opnd_t dst5, opnd_t src1, opnd_t src2, opnd_t src3) {
  return make(drcontext, opcode, {dst1, dst2, dst3, dst4, dst5}, {src1, src2, src3});
}

instr_t* instr_create_5dst_4src(void* drcontext, int opcode, opnd_t dst1, opnd_t dst2, opnd_t dst3,
                                opnd_t dst4, opnd_t dst5, opnd_t src1, opnd_t src2, opnd_t src3,
                                opnd_t src4) {
  return make(drcontext, opcode, {dst1, dst2, dst3, dst4, dst5}, {src1, src2, src3, src4});
}

instr_t* instr_create_5dst_5src(void* drcontext, int opcode, opnd_t dst1, opnd_t dst2, opnd_t dst3,
                                opnd_t dst4, opnd_t dst5, opnd_t src1, opnd_t src2, opnd_t src3,
                                opnd_t src4, opnd_t src5) {
  return make(drcontext, opcode, {dst1, dst2, dst3, dst4, dst5}, {src1, src2, src3, src4, src5});
}

instr_t* instr_create_5dst_8src(void* drcontext, int opcode, opnd_t dst1, opnd_t dst2, opnd_t dst3,
                                opnd_t dst4, opnd_t dst5, opnd_t src1, opnd_t src2, opnd_t src3,
                                opnd_t src4, opnd_t src5, opnd_t src6, opnd_t src7, opnd_t src8) {
  return make(drcontext, opcode, {dst1, dst2, dst3, dst4, dst5},
              {src1, src2, src3, src4, src5, src6, src7, src8});
}

namespace {

// Fixed destinations and sources, then those of variable number, as arguments of a variadic
// function.
instr_t* make_variable(void* drcontext, int opcode, uint destinations, uint sources,
                       va_list arguments) {
  instr_t* const instr =
      instr_build(drcontext, opcode, static_cast<int>(destinations), static_cast<int>(sources));
  for (uint i = 0; i < destinations + sources; ++i)
    operands_of(instr)[i] = va_arg(arguments, opnd_t);
  return instr;
}

// Turns [fixed..., variable...] into fixed up to `position`, variable, the other fixed.
void move_variable(opnd_t* first, uint fixed, uint variable, uint position) {
  std::rotate(first + position, first + fixed, first + fixed + variable);
}

}  // namespace

instr_t* instr_create_Ndst_Msrc_varsrc(void* drcontext, int opcode, uint fixed_dsts,
                                       uint fixed_srcs, uint var_srcs, uint var_ord, ...) {
  va_list arguments;
  va_start(arguments, var_ord);
  instr_t* const instr =
      make_variable(drcontext, opcode, fixed_dsts, fixed_srcs + var_srcs, arguments);
  va_end(arguments);
  move_variable(sources_of(instr), fixed_srcs, var_srcs, var_ord);
  return instr;
}

// The variable destinations come behind the fixed sources in the arguments.
instr_t* instr_create_Ndst_Msrc_vardst(void* drcontext, int opcode, uint fixed_dsts,
                                       uint fixed_srcs, uint var_dsts, uint var_ord, ...) {
  va_list arguments;
  va_start(arguments, var_ord);
  instr_t* const instr =
      make_variable(drcontext, opcode, fixed_dsts + var_dsts, fixed_srcs, arguments);
  va_end(arguments);
  opnd_t* const first = operands_of(instr);
  std::rotate(first + fixed_dsts, first + fixed_dsts + fixed_srcs,
              first + fixed_dsts + fixed_srcs + var_dsts);
  move_variable(first, fixed_dsts, var_dsts, var_ord);
  return instr;
}

// The processors' own no-ops; they name no register, whichever the caller offers.
instr_t* weft_instr_create_nop(void* drcontext, uint bytes, reg_id_t) {
  if (bytes == 1) return INSTR_CREATE_nop(drcontext);
  instr_t* const instr = bytes == 2 ? instr_build_bits(drcontext, OP_nop, 2)
                                    : instr_build_bits(drcontext, OP_nop_modrm, 3);
  static constexpr byte kTwo[] = {0x66, 0x90};
  static constexpr byte kThree[] = {0x0f, 0x1f, 0x00};
  std::memcpy(instr->bytes, bytes == 2 ? kTwo : kThree, bytes);
  return instr;
}

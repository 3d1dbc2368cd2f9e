// Opcode, operands, prefixes and predicates of an instr_t: reading and changing them.
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>

#include "dr_ir_opcodes.h"
#include "ir/instruction.h"

using namespace weft::dynamorio;

namespace {

void remove_range(instr_t* instr, uint start, uint end, byte& count, opnd_t* first) {
  if (start >= end || end > count) return;
  opnd_t* const past = operands_of(instr) + instr->num_dsts + instr->num_srcs;
  std::copy(first + end, past, first + start);
  count = static_cast<byte>(count - (end - start));
}

}  // namespace

bool instr_valid(instr_t* instr) {
  return has(instr, kOpcodeValid | kRawValid) && instr_opcode_valid(instr);
}
bool instr_opcode_valid(instr_t* instr) { return know_opcode(instr); }
bool instr_operands_valid(instr_t* instr) { return has(instr, kOperandsValid); }
void instr_set_operands_valid(instr_t* instr, bool valid) { set(instr, kOperandsValid, valid); }

int instr_get_opcode(instr_t* instr) {
  know_opcode(instr);
  return static_cast<int>(instr->opcode);
}

void instr_set_opcode(instr_t* instr, int opcode) {
  if (has(instr, kRawValid)) know_operands(instr);
  instr->opcode = static_cast<uint>(opcode);
  set(instr, kRawValid | kEflagsValid, false);
  instr->flags |= kOpcodeValid;
}

int instr_num_srcs(instr_t* instr) {
  know_operands(instr);
  return instr->num_srcs;
}

int instr_num_dsts(instr_t* instr) {
  know_operands(instr);
  return instr->num_dsts;
}

void instr_set_num_opnds(void*, instr_t* instr, int num_dsts, int num_srcs) {
  const int total = num_dsts + num_srcs;
  const int room = instr->many != nullptr ? instr->capacity : DR_INSTR_INLINE_OPNDS_;
  if (total > room) {
    if (has(instr, kFixed)) std::abort();
    std::free(instr->many);
    instr->many = static_cast<opnd_t*>(std::malloc(sizeof(opnd_t) * static_cast<size_t>(total)));
    if (instr->many == nullptr) throw std::bad_alloc();
    instr->capacity = static_cast<byte>(total);
  }
  instr->num_dsts = static_cast<byte>(num_dsts);
  instr->num_srcs = static_cast<byte>(num_srcs);
  std::fill_n(operands_of(instr), total, opnd_create_null());
  instr->flags |= kOperandsValid;
}

opnd_t instr_get_src(instr_t* instr, uint pos) {
  know_operands(instr);
  return pos < instr->num_srcs ? sources_of(instr)[pos] : opnd_create_null();
}

opnd_t instr_get_dst(instr_t* instr, uint pos) {
  know_operands(instr);
  return pos < instr->num_dsts ? destinations_of(instr)[pos] : opnd_create_null();
}

void instr_set_src(instr_t* instr, uint pos, opnd_t opnd) {
  operands_changed(instr);
  if (pos < instr->num_srcs) sources_of(instr)[pos] = opnd;
}

void instr_set_dst(instr_t* instr, uint pos, opnd_t opnd) {
  operands_changed(instr);
  if (pos < instr->num_dsts) destinations_of(instr)[pos] = opnd;
}

void instr_remove_srcs(void*, instr_t* instr, uint start, uint end) {
  operands_changed(instr);
  remove_range(instr, start, end, instr->num_srcs, sources_of(instr));
}

void instr_remove_dsts(void*, instr_t* instr, uint start, uint end) {
  operands_changed(instr);
  remove_range(instr, start, end, instr->num_dsts, destinations_of(instr));
}

// A control transfer's target is its first source.
opnd_t instr_get_target(instr_t* cti) { return instr_get_src(cti, 0); }
void instr_set_target(instr_t* cti, opnd_t target) { instr_set_src(cti, 0, target); }

app_pc instr_get_branch_target_pc(instr_t* cti) {
  const opnd_t target = instr_get_target(cti);
  if (opnd_is_instr(target)) return instr_get_app_pc(opnd_get_instr(target));
  return opnd_get_pc(target);
}

void instr_set_branch_target_pc(instr_t* cti, app_pc pc) {
  instr_set_target(cti, opnd_create_pc(pc));
}

bool instr_is_opnd_store_source(instr_t* store, int source_ordinal) {
  if (!instr_writes_memory(store)) return false;
  const opnd_t source = instr_get_src(store, static_cast<uint>(source_ordinal));
  for (int i = 0; i < instr_num_dsts(store); ++i) {
    const opnd_t destination = instr_get_dst(store, static_cast<uint>(i));
    if (!opnd_is_memory_reference(destination)) continue;
    if (opnd_is_reg(source) && opnd_uses_reg(destination, opnd_get_reg(source))) return false;
    if (opnd_same(source, destination)) return false;
  }
  return true;
}

bool instr_replace_src_opnd(instr_t* instr, opnd_t old_opnd, opnd_t new_opnd) {
  bool replaced = false;
  for (int i = 0; i < instr_num_srcs(instr); ++i) {
    if (!opnd_same(instr_get_src(instr, static_cast<uint>(i)), old_opnd)) continue;
    instr_set_src(instr, static_cast<uint>(i), new_opnd);
    replaced = true;
  }
  return replaced;
}

bool instr_replace_reg_resize(instr_t* instr, reg_id_t old_reg, reg_id_t new_reg) {
  know_operands(instr);
  bool replaced = false;
  for (int i = 0; i < instr->num_dsts + instr->num_srcs; ++i) {
    opnd_t opnd = operands_of(instr)[i];
    if (!opnd_replace_reg_resize(&opnd, old_reg, new_reg)) continue;
    operands_changed(instr);
    operands_of(instr)[i] = opnd;
    replaced = true;
  }
  return replaced;
}

bool instr_same(instr_t* one, instr_t* other) {
  if (instr_get_opcode(one) != instr_get_opcode(other) ||
      instr_num_dsts(one) != instr_num_dsts(other) ||
      instr_num_srcs(one) != instr_num_srcs(other) ||
      ((one->prefixes ^ other->prefixes) & ~(kPrefixEvex | kPrefixBroadcast)) != 0 ||
      instr_get_predicate(one) != instr_get_predicate(other)) {
    return false;
  }
  return std::equal(operands_of(one), operands_of(one) + one->num_dsts + one->num_srcs,
                    operands_of(other), opnd_same);
}

instr_t* instr_set_prefix_flag(instr_t* instr, uint prefix) {
  know_operands(instr);
  instr->prefixes |= prefix;
  set(instr, kRawValid, false);
  return instr;
}

bool instr_get_prefix_flag(instr_t* instr, uint prefix) {
  know_operands(instr);
  return (instr->prefixes & prefix) != 0;
}

void instr_set_prefixes(instr_t* instr, uint prefixes) {
  know_operands(instr);
  instr->prefixes = prefixes;
  set(instr, kRawValid, false);
}

uint instr_get_prefixes(instr_t* instr) {
  know_operands(instr);
  return instr->prefixes;
}

instr_t* instr_set_encoding_hint(instr_t* instr, dr_encoding_hint_type_t hint) {
  instr->encoding_hints = static_cast<byte>(instr->encoding_hints | hint);
  return instr;
}

bool instr_has_encoding_hint(instr_t* instr, dr_encoding_hint_type_t hint) {
  return (instr->encoding_hints & hint) != 0;
}

void instr_shrink_to_16_bits(instr_t* instr) {
  operands_changed(instr);
  const bool is_move_of_part =
      instr->opcode == OP_movzx || instr->opcode == OP_movsx || instr->opcode == OP_crc32;
  for (int i = 0; i < instr->num_dsts; ++i)
    destinations_of(instr)[i] = opnd_shrink_to_16_bits(destinations_of(instr)[i]);
  if (is_move_of_part) return;
  for (int i = 0; i < instr->num_srcs; ++i)
    sources_of(instr)[i] = opnd_shrink_to_16_bits(sources_of(instr)[i]);
}

void instr_shrink_to_32_bits(instr_t* instr) {
  operands_changed(instr);
  const int count = instr->num_dsts + instr->num_srcs;
  std::transform(operands_of(instr), operands_of(instr) + count, operands_of(instr),
                 opnd_shrink_to_32_bits);
}

opnd_size_t instr_get_operation_size(instr_t*) { return OPSZ_NA; }
void instr_set_operation_size(instr_t*, opnd_size_t) {}

dr_pred_type_t instr_get_predicate(instr_t* instr) {
  know_operands(instr);
  return static_cast<dr_pred_type_t>(instr->predicate);
}

bool instr_is_predicated(instr_t* instr) { return instr_get_predicate(instr) != DR_PRED_NONE; }

instr_t* instr_set_predicate(instr_t* instr, dr_pred_type_t pred) {
  know_operands(instr);
  instr->predicate = static_cast<byte>(pred);
  return instr;
}

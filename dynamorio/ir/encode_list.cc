// Encoding for clients: one instruction, or a list.
#include <algorithm>
#include <cstring>

#include "dr_ir_encode.h"
#include "dr_ir_opcodes.h"
#include "ir/encode.h"
#include "ir/environment.h"
#include "ir/instruction.h"

using namespace weft::dynamorio;

namespace {

// A place from which a target that is far or not yet known can be reached all the same: lengths are
// the same there.
app_pc place_for_length(instr_t* instr) {
  for (int i = 0; i < instr->num_srcs + instr->num_dsts; ++i) {
    const opnd_t& opnd = operands_of(instr)[i];
    if (opnd_is_near_pc(opnd)) return opnd_get_pc(opnd);
    if (opnd_is_rel_addr(opnd)) return static_cast<app_pc>(opnd_get_addr(opnd));
  }
  return instr_get_app_pc(instr);
}

// Raw bits may be longer than any instruction: data that a client puts into a list.
bool copies_bits(instr_t* instr) {
  return has(instr, kRawValid) && instr->length > MAX_INSTR_LENGTH;
}

}  // namespace

bool instr_is_encoding_possible(instr_t* instr) {
  Encoding encoding;
  if (instr_is_label(instr) || copies_bits(instr)) return true;
  if (!know_operands(instr)) return has(instr, kRawValid);
  return encode(instr, place_for_length(instr), encoding);
}

int instr_length(void*, instr_t* instr) {
  if (instr_is_label(instr)) return static_cast<int>(environment().label_code(instr).size());
  if (has(instr, kRawValid)) return static_cast<int>(instr->length);
  Encoding encoding;
  if (!know_operands(instr) || !encode(instr, place_for_length(instr), encoding)) return 0;
  return encoding.length;
}

byte* instr_encode_to_copy(void*, instr_t* instr, byte* copy_pc, byte* final_pc) {
  if (instr_is_label(instr)) {
    const std::span<const uint8_t> code = environment().label_code(instr);
    std::copy(code.begin(), code.end(), copy_pc);
    return copy_pc + code.size();
  }
  if (copies_bits(instr)) {
    std::memcpy(copy_pc, instr->bytes, instr->length);
    return copy_pc + instr->length;
  }
  Encoding encoding;
  if (!encode(instr, final_pc, encoding)) return nullptr;
  std::memcpy(copy_pc, encoding.bytes.data(), encoding.length);
  return copy_pc + encoding.length;
}

byte* instr_encode(void* drcontext, instr_t* instr, byte* pc) {
  return instr_encode_to_copy(drcontext, instr, pc, pc);
}

byte* instrlist_encode(void* drcontext, instrlist_t* ilist, byte* pc, bool has_instr_jmp_targets) {
  return instrlist_encode_to_copy(drcontext, ilist, pc, pc, nullptr, has_instr_jmp_targets);
}

byte* instrlist_encode_to_copy(void* drcontext, instrlist_t* ilist, byte* copy_pc, byte* final_pc,
                               byte* max_pc, bool has_instr_jmp_targets) {
  size_t offset = 0;
  for (instr_t* instr = ilist->first; has_instr_jmp_targets && instr != nullptr;
       instr = instr->next) {
    instr->offset = offset;
    offset += static_cast<size_t>(instr_length(drcontext, instr));
  }
  const byte* const start = copy_pc;
  for (instr_t* instr = ilist->first; instr != nullptr; instr = instr->next) {
    const int length = instr_length(drcontext, instr);
    if (max_pc != nullptr && copy_pc + length > max_pc) return nullptr;
    instr->offset = static_cast<size_t>(copy_pc - start);
    byte* const next = instr_encode_to_copy(drcontext, instr, copy_pc, final_pc + instr->offset);
    if (next == nullptr) return nullptr;
    copy_pc = next;
  }
  return copy_pc;
}

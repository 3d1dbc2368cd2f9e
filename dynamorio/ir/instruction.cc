// The life of an instr_t, its raw bits, and whose it is.
#include "ir/instruction.h"

#include <cstdlib>
#include <cstring>
#include <new>

#include "dr_ir_decode.h"
#include "dr_ir_opcodes.h"

using namespace weft::dynamorio;

namespace weft::dynamorio {

void operands_changed(instr_t* instr) {
  know_operands(instr);
  set(instr, kRawValid | kEflagsValid | kRipRelValid, false);
  instr->flags |= kOperandsValid;
}

}  // namespace weft::dynamorio

instr_t* instr_create(void* drcontext) {
  auto* instr = static_cast<instr_t*>(std::malloc(sizeof(instr_t)));
  if (instr == nullptr) throw std::bad_alloc();
  instr_init(drcontext, instr);
  return instr;
}

void instr_init(void*, instr_t* instr) {
  std::memset(instr, 0, sizeof *instr);
  instr->isa_mode = DR_ISA_AMD64;
}

void instr_noalloc_init(void* drcontext, instr_noalloc_t* noalloc) {
  std::memset(noalloc, 0, sizeof *noalloc);
  instr_init(drcontext, &noalloc->instr);
  noalloc->instr.flags = kFixed;
  noalloc->instr.many = noalloc->opnds;
  noalloc->instr.capacity = MAX_SRC_OPNDS + MAX_DST_OPNDS;
}

instr_t* instr_from_noalloc(instr_noalloc_t* noalloc) { return &noalloc->instr; }

void instr_free(void* drcontext, instr_t* instr) {
  if (has(instr, kFixed)) return;
  if (instr_is_label(instr) && instr->label_callback != nullptr)
    instr->label_callback(drcontext, instr);
  instr_free_raw_bits(drcontext, instr);
  std::free(instr->many);
  instr->many = nullptr;
  instr->num_dsts = 0;
  instr->num_srcs = 0;
  instr->flags &= ~(kOpcodeValid | kOperandsValid | kRawValid);
}

void instr_reset(void* drcontext, instr_t* instr) {
  if (has(instr, kFixed)) {
    opnd_t* const room = instr->many;
    instr_init(drcontext, instr);
    instr->flags = kFixed;
    instr->many = room;
    instr->capacity = MAX_SRC_OPNDS + MAX_DST_OPNDS;
    return;
  }
  instr_free(drcontext, instr);
  instr_init(drcontext, instr);
}

void instr_reuse(void* drcontext, instr_t* instr) {
  if (!has(instr, kOwnsBits)) {
    instr_t* const next = instr->next;
    instr_t* const prev = instr->prev;
    instr_reset(drcontext, instr);
    instr->next = next;
    instr->prev = prev;
    return;
  }
  const instr_t kept = *instr;
  instr->flags &= ~kOwnsBits;
  instr_reset(drcontext, instr);
  instr->bytes = kept.bytes;
  instr->length = kept.length;
  instr->next = kept.next;
  instr->prev = kept.prev;
  instr->flags |= kOwnsBits | (kept.flags & kRawValid);
}

void instr_destroy(void* drcontext, instr_t* instr) {
  if (has(instr, kFixed)) return;
  instr_free(drcontext, instr);
  std::free(instr);
}

instr_t* instr_clone(void* drcontext, instr_t* orig) {
  instr_t* const instr = instr_create(drcontext);
  *instr = *orig;
  instr->next = nullptr;
  instr->prev = nullptr;
  instr->flags &= ~(kFixed | kOwnsBits);
  instr->many = nullptr;
  instr->capacity = 0;
  instr->label_callback = nullptr;
  if (orig->many != nullptr) {
    instr->num_dsts = 0;
    instr->num_srcs = 0;
    instr_set_num_opnds(drcontext, instr, orig->num_dsts, orig->num_srcs);
    std::memcpy(operands_of(instr), orig->many, sizeof(opnd_t) * (orig->num_dsts + orig->num_srcs));
    instr->flags = orig->flags & ~(kFixed | kOwnsBits);
  }
  if (has(orig, kOwnsBits)) {
    const uint length = orig->length;
    const byte* const bits = orig->bytes;
    instr->bytes = static_cast<byte*>(std::malloc(length));
    if (instr->bytes == nullptr) throw std::bad_alloc();
    std::memcpy(instr->bytes, bits, length);
    instr->flags |= kOwnsBits;
  }
  return instr;
}

instr_t* instr_build(void* drcontext, int opcode, int num_dsts, int num_srcs) {
  instr_t* const instr = instr_create(drcontext);
  instr_set_opcode(instr, opcode);
  instr_set_num_opnds(drcontext, instr, num_dsts, num_srcs);
  return instr;
}

instr_t* instr_build_bits(void* drcontext, int opcode, uint num_bytes) {
  instr_t* const instr = instr_create(drcontext);
  instr_set_opcode(instr, opcode);
  instr_allocate_raw_bits(drcontext, instr, num_bytes);
  return instr;
}

int instr_mem_usage(instr_t* instr) {
  size_t bytes = sizeof(instr_t);
  if (has(instr, kOwnsBits)) bytes += instr->length;
  if (instr->many != nullptr) bytes += sizeof(opnd_t) * instr->capacity;
  return static_cast<int>(bytes);
}

instr_t* instr_get_next(instr_t* instr) { return instr->next; }
instr_t* instr_get_prev(instr_t* instr) { return instr->prev; }
void instr_set_next(instr_t* instr, instr_t* next) { instr->next = next; }
void instr_set_prev(instr_t* instr, instr_t* prev) { instr->prev = prev; }

instr_t* instr_get_next_app(instr_t* instr) {
  do instr = instr->next;
  while (instr != nullptr && !instr_is_app(instr));
  return instr;
}

instr_t* instr_get_prev_app(instr_t* instr) {
  do instr = instr->prev;
  while (instr != nullptr && !instr_is_app(instr));
  return instr;
}

void* instr_get_note(instr_t* instr) { return instr->note; }
void instr_set_note(instr_t* instr, void* value) { instr->note = value; }
size_t instr_get_offset(instr_t* instr) { return instr->offset; }

bool instr_is_app(instr_t* instr) { return !has(instr, kMeta); }
void instr_set_app(instr_t* instr) { set(instr, kMeta | kMayFault, false); }
bool instr_is_meta(instr_t* instr) { return has(instr, kMeta); }
void instr_set_meta(instr_t* instr) { set(instr, kMeta, true); }
bool instr_ok_to_mangle(instr_t* instr) { return !has(instr, kMeta); }
void instr_set_ok_to_mangle(instr_t* instr, bool val) {
  val ? instr_set_app(instr) : instr_set_meta(instr);
}
void instr_set_meta_no_translation(instr_t* instr) {
  instr_set_meta(instr);
  instr_set_translation(instr, nullptr);
}
bool instr_ok_to_emit(instr_t* instr) { return !has(instr, kNoEmit); }
void instr_set_ok_to_emit(instr_t* instr, bool val) { set(instr, kNoEmit, !val); }
bool instr_is_meta_may_fault(instr_t* instr) { return has(instr, kMeta) && has(instr, kMayFault); }
void instr_set_meta_may_fault(instr_t* instr, bool val) {
  instr_set_meta(instr);
  set(instr, kMayFault, val);
}

app_pc instr_get_app_pc(instr_t* instr) {
  if (instr->translation != nullptr || has(instr, kMeta)) return instr->translation;
  return has(instr, kRawValid) && !has(instr, kOwnsBits) ? instr->bytes : nullptr;
}

instr_t* instr_set_translation(instr_t* instr, app_pc addr) {
  instr->translation = addr;
  return instr;
}

app_pc instr_get_translation(instr_t* instr) { return instr->translation; }

void instr_set_raw_bits(instr_t* instr, byte* addr, uint length) {
  if (!has(instr, kOwnsBits)) {
    instr->bytes = addr;
  } else if (addr != instr->bytes) {
    instr_free_raw_bits(nullptr, instr);
    instr->bytes = addr;
  }
  instr->length = length;
  instr->flags |= kRawValid;
  set(instr, kRipRelValid, false);
}

void instr_set_raw_bits_valid(instr_t* instr, bool valid) { set(instr, kRawValid, valid); }
bool instr_raw_bits_valid(instr_t* instr) { return has(instr, kRawValid); }
bool instr_has_allocated_bits(instr_t* instr) { return has(instr, kOwnsBits); }
bool instr_needs_encoding(instr_t* instr) { return !has(instr, kRawValid); }

void instr_allocate_raw_bits(void* drcontext, instr_t* instr, uint num_bytes) {
  auto* const bits = static_cast<byte*>(std::malloc(num_bytes));
  if (bits == nullptr) throw std::bad_alloc();
  if (has(instr, kRawValid))
    std::memcpy(bits, instr->bytes, num_bytes < instr->length ? num_bytes : instr->length);
  instr_free_raw_bits(drcontext, instr);
  instr->bytes = bits;
  instr->length = num_bytes;
  instr->flags |= kOwnsBits | kRawValid;
}

void instr_make_persistent(void* drcontext, instr_t* instr) {
  if (has(instr, kRawValid) && !has(instr, kOwnsBits))
    instr_allocate_raw_bits(drcontext, instr, instr->length);
}

byte* instr_get_raw_bits(instr_t* instr) { return instr->bytes; }

void instr_free_raw_bits(void*, instr_t* instr) {
  if (!has(instr, kOwnsBits)) return;
  std::free(instr->bytes);
  instr->bytes = nullptr;
  instr->length = 0;
  set(instr, kOwnsBits | kRawValid, false);
}

byte instr_get_raw_byte(instr_t* instr, uint pos) { return instr->bytes[pos]; }
void instr_set_raw_byte(instr_t* instr, uint pos, byte value) { instr->bytes[pos] = value; }
void instr_set_raw_bytes(instr_t* instr, byte* start, uint num_bytes) {
  std::memcpy(instr->bytes, start, num_bytes);
}
void instr_set_raw_word(instr_t* instr, uint pos, uint word) {
  std::memcpy(instr->bytes + pos, &word, sizeof word);
}
uint instr_get_raw_word(instr_t* instr, uint pos) {
  uint word = 0;
  std::memcpy(&word, instr->bytes + pos, sizeof word);
  return word;
}

bool instr_set_isa_mode(instr_t*, dr_isa_mode_t mode) { return mode == DR_ISA_AMD64; }
dr_isa_mode_t instr_get_isa_mode(instr_t* instr) {
  return static_cast<dr_isa_mode_t>(instr->isa_mode);
}
void instr_set_x86_mode(instr_t*, bool) {}
bool instr_get_x86_mode(instr_t*) { return false; }

dr_instr_label_data_t* instr_get_label_data_area(instr_t* instr) {
  return instr_is_label(instr) ? &instr->label_data : nullptr;
}
void instr_set_label_callback(instr_t* instr, instr_label_callback_t func) {
  instr->label_callback = func;
}
void instr_clear_label_callback(instr_t* instr) { instr->label_callback = nullptr; }
instr_label_callback_t instr_get_label_callback(instr_t* instr) { return instr->label_callback; }
bool instr_is_label(instr_t* instr) { return instr->opcode == OP_LABEL; }

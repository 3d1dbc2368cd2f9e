#include "core/slots.h"

#include <map>
#include <mutex>

#include "core/inserted_code.h"
#include "core/room.h"

namespace weft::dynamorio {

void Slots::start(Lists& lists) {
  lists_ = &lists;
  first_ = lists.new_slots(1 + SPILL_SLOT_MAX + 1 + kPlaces + 1, kBytes);
}

uint64_t* Slots::find(const Context& context, uint32_t offset) const {
  return context.thread == nullptr ? nullptr : lists_->slot(*context.thread, offset);
}

}  // namespace weft::dynamorio

using namespace weft::dynamorio;

namespace {

Slots& slots() { return Room::get().slots(); }

/// Whether it is a spill slot: then at which offset.
bool is_spill_slot(opnd_t operand, uint& offset) {
  for (int i = SPILL_SLOT_1; i <= SPILL_SLOT_MAX; ++i) {
    offset = slots().spill(static_cast<dr_spill_slot_t>(i));
    if (opnd_same(operand, dr_raw_tls_opnd(nullptr, DR_SEG_GS, offset))) return true;
  }
  return false;
}

constexpr uint kBytes = 8;

/// What clients have taken: how many slots, by the offset of the first.
struct RawSlots {
  std::mutex mutex;
  std::map<uint, uint> counts;  ///< under mutex
};

RawSlots& raw_slots() {
  static RawSlots& slots = *new RawSlots;
  return slots;
}

}  // namespace

extern "C" {

void* dr_get_tls_field(void* drcontext) {
  const Context* const context = Context::of(drcontext);
  if (context == nullptr) return nullptr;
  const uint64_t* const slot = slots().find(*context, slots().field());
  return slot == nullptr ? context->field : reinterpret_cast<void*>(*slot);
}

void dr_set_tls_field(void* drcontext, void* value) {
  Context* const context = Context::of(drcontext);
  if (context == nullptr) return;
  context->field = value;
  if (uint64_t* const slot = slots().find(*context, slots().field())) {
    *slot = reinterpret_cast<uint64_t>(value);
  }
}

void* dr_get_dr_segment_base(reg_id_t) {
  const Context* const context = Context::current();
  if (context == nullptr) return nullptr;
  uint64_t* const slot = slots().find(*context, slots().field());
  if (slot == nullptr) return nullptr;
  return reinterpret_cast<byte*>(slot) - slots().field();
}

bool dr_raw_tls_calloc(reg_id_t* tls_register, uint* offset, uint num_slots, uint alignment) {
  const uint32_t found =
      slots().lists().new_slots(num_slots, alignment < kBytes ? kBytes : alignment);
  if (found == 0) return false;
  const std::lock_guard held(raw_slots().mutex);
  raw_slots().counts[found] = num_slots;
  *tls_register = DR_SEG_GS;
  *offset = found;
  return true;
}

bool dr_raw_tls_cfree(uint offset, uint num_slots) {
  const std::lock_guard held(raw_slots().mutex);
  const auto found = raw_slots().counts.find(offset);
  if (found == raw_slots().counts.end() || found->second != num_slots) return false;
  raw_slots().counts.erase(found);
  slots().lists().free_slots(offset, num_slots);
  return true;
}

opnd_t dr_raw_tls_opnd(void*, reg_id_t tls_register, uint tls_offs) {
  return opnd_create_far_base_disp(tls_register, DR_REG_NULL, DR_REG_NULL, 0,
                                   static_cast<int>(tls_offs), OPSZ_PTR);
}

void dr_insert_read_raw_tls(void* drcontext, instrlist_t* ilist, instr_t* where,
                            reg_id_t tls_register, uint tls_offs, reg_id_t reg) {
  add_meta(ilist, where,
           XINST_CREATE_load(drcontext, opnd_create_reg(reg),
                             dr_raw_tls_opnd(drcontext, tls_register, tls_offs)));
}

void dr_insert_write_raw_tls(void* drcontext, instrlist_t* ilist, instr_t* where,
                             reg_id_t tls_register, uint tls_offs, reg_id_t reg) {
  add_meta(ilist, where,
           XINST_CREATE_store(drcontext, dr_raw_tls_opnd(drcontext, tls_register, tls_offs),
                              opnd_create_reg(reg)));
}

void dr_insert_read_tls_field(void* drcontext, instrlist_t* ilist, instr_t* where, reg_id_t reg) {
  dr_insert_read_raw_tls(drcontext, ilist, where, DR_SEG_GS, slots().field(), reg);
}

void dr_insert_write_tls_field(void* drcontext, instrlist_t* ilist, instr_t* where, reg_id_t reg) {
  dr_insert_write_raw_tls(drcontext, ilist, where, DR_SEG_GS, slots().field(), reg);
}

dr_spill_slot_t dr_max_opnd_accessible_spill_slot() { return SPILL_SLOT_MAX; }

opnd_t dr_reg_spill_slot_opnd(void* drcontext, dr_spill_slot_t slot) {
  return dr_raw_tls_opnd(drcontext, DR_SEG_GS, slots().spill(slot));
}

void dr_save_reg(void* drcontext, instrlist_t* ilist, instr_t* where, reg_id_t reg,
                 dr_spill_slot_t slot) {
  dr_insert_write_raw_tls(drcontext, ilist, where, DR_SEG_GS, slots().spill(slot),
                          reg_to_pointer_sized(reg));
}

void dr_restore_reg(void* drcontext, instrlist_t* ilist, instr_t* where, reg_id_t reg,
                    dr_spill_slot_t slot) {
  dr_insert_read_raw_tls(drcontext, ilist, where, DR_SEG_GS, slots().spill(slot),
                         reg_to_pointer_sized(reg));
}

bool instr_is_reg_spill_or_restore(void*, instr_t* instr, bool* tls, bool* spill, reg_id_t* reg,
                                   uint* offs) {
  if (instr_is_label(instr)) return false;
  const int opcode = instr_get_opcode(instr);
  if (opcode != OP_mov_st && opcode != OP_mov_ld) return false;
  const bool stores = opnd_is_reg(instr_get_src(instr, 0));
  const opnd_t memory = stores ? instr_get_dst(instr, 0) : instr_get_src(instr, 0);
  const opnd_t other = stores ? instr_get_src(instr, 0) : instr_get_dst(instr, 0);
  uint offset = 0;
  if (!opnd_is_reg(other) || !is_spill_slot(memory, offset)) return false;
  if (tls != nullptr) *tls = true;
  if (spill != nullptr) *spill = stores;
  if (reg != nullptr) *reg = opnd_get_reg(other);
  if (offs != nullptr) *offs = offset;
  return true;
}

reg_t dr_read_saved_reg(void* drcontext, dr_spill_slot_t slot) {
  const Context* const context = Context::of(drcontext);
  const uint64_t* const word =
      context == nullptr ? nullptr : slots().find(*context, slots().spill(slot));
  return word == nullptr ? 0 : *word;
}

void dr_write_saved_reg(void* drcontext, dr_spill_slot_t slot, reg_t value) {
  const Context* const context = Context::of(drcontext);
  uint64_t* const word = context == nullptr ? nullptr : slots().find(*context, slots().spill(slot));
  if (word != nullptr) *word = value;
}

}  // extern "C"

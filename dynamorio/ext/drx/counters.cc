// Counters in memory, and small things of drx.
#include "core/inserted_code.h"
#include "drreg.h"
#include "drx.h"

using weft::dynamorio::add_meta;

namespace {

/// That of a user who leaves registers and flags to drreg.
constexpr dr_spill_slot_t kByDrreg = static_cast<dr_spill_slot_t>(SPILL_SLOT_MAX + 1);

opnd_t counter_of(void* address, uint flags) {
  return OPND_CREATE_ABSMEM(address, (flags & DRX_COUNTER_64BIT) != 0 ? OPSZ_8 : OPSZ_4);
}

void add(void* drcontext, instrlist_t* list, instr_t* where, void* address, int value, uint flags) {
  instr_t* const made =
      INSTR_CREATE_add(drcontext, counter_of(address, flags), OPND_CREATE_INT_32OR8(value));
  if ((flags & DRX_COUNTER_LOCK) != 0) instr_set_prefix_flag(made, PREFIX_LOCK);
  add_meta(list, where, made);
}

/// Leaves the flags alone.
void add_by_lea(void* drcontext, instrlist_t* list, instr_t* where, void* address, int value,
                uint flags, reg_id_t reg) {
  const opnd_size_t size = (flags & DRX_COUNTER_64BIT) != 0 ? OPSZ_8 : OPSZ_4;
  const opnd_t sum = opnd_create_reg(reg_resize_to_opsz(reg, size));
  add_meta(list, where, XINST_CREATE_load(drcontext, sum, counter_of(address, flags)));
  add_meta(list, where,
           INSTR_CREATE_lea(drcontext, sum,
                            opnd_create_base_disp(reg, DR_REG_NULL, 0, value, OPSZ_lea)));
  add_meta(list, where, XINST_CREATE_store(drcontext, counter_of(address, flags), sum));
}

/// Where the program still reads the flags it is cheaper to keep a register than them.
bool add_by_register(void* drcontext, instrlist_t* list, instr_t* where, void* address, int value,
                     uint flags) {
  reg_id_t reg = DR_REG_NULL;
  if ((flags & DRX_COUNTER_LOCK) != 0) return false;
  if (drreg_reserve_register(drcontext, list, where, nullptr, &reg) != DRREG_SUCCESS) return false;
  add_by_lea(drcontext, list, where, address, value, flags, reg);
  return drreg_unreserve_register(drcontext, list, where, reg) == DRREG_SUCCESS;
}

}  // namespace

extern "C" {

bool drx_init() {
  drreg_options_t registers{};
  registers.struct_size = sizeof registers;
  registers.num_spill_slots = 2;
  return drmgr_init() && drreg_init(&registers) == DRREG_SUCCESS;
}

void drx_exit() {
  drreg_exit();
  drmgr_exit();
}

ptr_uint_t drx_reserve_note_range(size_t size) { return drmgr_reserve_note_range(size); }

bool drx_aflags_are_dead(instr_t* where) {
  bool dead = false;
  return drreg_are_aflags_dead(dr_get_current_drcontext(), where, &dead) == DRREG_SUCCESS && dead;
}

bool drx_insert_counter_update(void* drcontext, instrlist_t* ilist, instr_t* where,
                               dr_spill_slot_t slot, void* addr, int value, uint flags) {
  const bool dead = drx_aflags_are_dead(where);
  if (slot == kByDrreg) {
    if (!dead && add_by_register(drcontext, ilist, where, addr, value, flags)) return true;
    if (drreg_reserve_aflags(drcontext, ilist, where) != DRREG_SUCCESS) return false;
    add(drcontext, ilist, where, addr, value, flags);
    return drreg_unreserve_aflags(drcontext, ilist, where) == DRREG_SUCCESS;
  }
  if (!dead) dr_save_arith_flags(drcontext, ilist, where, slot);
  add(drcontext, ilist, where, addr, value, flags);
  if (!dead) dr_restore_arith_flags(drcontext, ilist, where, slot);
  return true;
}

size_t drx_instrlist_size(instrlist_t* ilist) {
  size_t count = 0;
  for (instr_t* each = instrlist_first(ilist); each != nullptr; each = instr_get_next(each)) {
    ++count;
  }
  return count;
}

size_t drx_instrlist_app_size(instrlist_t* ilist) {
  size_t count = 0;
  for (instr_t* each = instrlist_first_app(ilist); each != nullptr;
       each = instr_get_next_app(each)) {
    ++count;
  }
  return count;
}

bool drx_tail_pad_block(void* drcontext, instrlist_t* ilist) {
  instr_t* const last = instrlist_last_app(ilist);
  if (last != nullptr && (instr_is_cti(last) || instr_is_syscall(last))) return false;
  // Something that nobody executes differently, for insertions in front of the block's end.
  instr_t* const pad = INSTR_CREATE_label(drcontext);
  weft::dynamorio::add_meta(ilist, nullptr, pad);
  return true;
}

bool drx_expand_scatter_gather(void*, instrlist_t*, bool* expanded) {
  if (expanded != nullptr) *expanded = false;
  return true;
}

// The program's time is its own.
bool drx_register_time_scaling(drx_time_scale_t*) { return false; }
bool drx_unregister_time_scaling() { return false; }
bool drx_get_time_scaling_stats(drx_time_scale_stat_t**) { return false; }

// A process that is killed tells nobody.
bool drx_register_soft_kills(bool (*)(process_id_t, int)) { return false; }

}  // extern "C"

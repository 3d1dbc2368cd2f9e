// Reserving the arithmetic flags. They are kept in xax, whose own value is in a slot meanwhile, or
// in a slot.
#include "ext/drreg/state.h"

namespace weft::dynamorio::drreg {
namespace {

using Place = FlagsState::Place;
constexpr size_t kXax = index_of(DR_REG_XAX);

/// xax's value is in a slot, or dead; its register may be used. False: no slot is free.
bool free_xax(void* drcontext, instrlist_t* list, instr_t* where, const Liveness& live) {
  State& state = State::get();
  RegisterState& xax = state.registers[kXax];
  if (!xax.native) return true;
  if ((live.dead >> kXax & 1) == 0) {
    xax.slot = state.take_slot();
    if (xax.slot == 0) return false;
    save_to(drcontext, list, where, DR_REG_XAX, xax.slot);
  }
  xax.native = false;
  return true;
}

/// Runs `code` with a register xax that may be changed, whoever has it.
template <typename Code>
bool with_xax(void* drcontext, instrlist_t* list, instr_t* where, Code code) {
  State& state = State::get();
  RegisterState& xax = state.registers[kXax];
  const uint32_t kept = state.take_slot();
  if (kept == 0) return false;
  const bool keeps = xax.in_use || xax.native;
  if (keeps) save_to(drcontext, list, where, DR_REG_XAX, kept);
  code();
  if (keeps) load_from(drcontext, list, where, DR_REG_XAX, kept);
  state.give_slot(kept);
  return true;
}

}  // namespace

bool move_flags_out_of_xax(void* drcontext, instrlist_t* list, instr_t* where) {
  State& state = State::get();
  if (state.flags.place != Place::kXax) return true;
  const uint32_t slot = state.take_slot();
  if (slot == 0) return false;
  save_to(drcontext, list, where, DR_REG_XAX, slot);
  state.flags.place = Place::kSlot;
  state.flags.slot = slot;
  return true;
}

void restore_flags(void* drcontext, instrlist_t* list, instr_t* where) {
  State& state = State::get();
  FlagsState& flags = state.flags;
  if (flags.place == Place::kXax) {
    dr_restore_arith_flags_from_xax(drcontext, list, where);
  } else if (flags.place == Place::kSlot) {
    const bool restored = with_xax(drcontext, list, where, [&] {
      load_from(drcontext, list, where, DR_REG_XAX, flags.slot);
      dr_restore_arith_flags_from_xax(drcontext, list, where);
    });
    if (!restored) report(DRREG_ERROR_OUT_OF_SLOTS, "no slot to put the flags back by");
    state.give_slot(flags.slot);
  }
  flags.slot = 0;
  flags.place = Place::kNative;
}

}  // namespace weft::dynamorio::drreg

using namespace weft::dynamorio::drreg;

namespace {

bool all_dead(const Liveness& live) { return (live.dead_flags & kArithmetic) == kArithmetic; }

}  // namespace

extern "C" {

drreg_status_t drreg_reserve_aflags(void* drcontext, instrlist_t* ilist, instr_t* where) {
  State& state = State::get();
  if (drmgr_current_bb_phase(drcontext) == DRMGR_PHASE_NONE) state.start_block();
  FlagsState& flags = state.flags;
  if (flags.in_use) return DRREG_ERROR_IN_USE;
  if (flags.place == FlagsState::Place::kNative) {
    const Liveness live = liveness_at(where);
    if (all_dead(live)) {
      flags.place = FlagsState::Place::kDead;
    } else if (!state.registers[kXax].in_use && free_xax(drcontext, ilist, where, live)) {
      dr_save_arith_flags_to_xax(drcontext, ilist, where);
      flags.place = FlagsState::Place::kXax;
    } else {
      const uint32_t slot = state.take_slot();
      if (slot == 0) return DRREG_ERROR_OUT_OF_SLOTS;
      const bool saved = with_xax(drcontext, ilist, where, [&] {
        dr_save_arith_flags_to_xax(drcontext, ilist, where);
        save_to(drcontext, ilist, where, DR_REG_XAX, slot);
      });
      if (!saved) return state.give_slot(slot), DRREG_ERROR_OUT_OF_SLOTS;
      flags.place = FlagsState::Place::kSlot;
      flags.slot = slot;
    }
  }
  flags.in_use = true;
  state.note(drcontext, ilist, where);
  return DRREG_SUCCESS;
}

drreg_status_t drreg_unreserve_aflags(void* drcontext, instrlist_t* ilist, instr_t* where) {
  State& state = State::get();
  if (!state.flags.in_use) return DRREG_ERROR_INVALID_PARAMETER;
  state.flags.in_use = false;
  if (drmgr_current_bb_phase(drcontext) != DRMGR_PHASE_INSERTION) {
    restore_flags(drcontext, ilist, where);
    if (!state.registers[kXax].in_use) restore_register(drcontext, ilist, where, kXax);
    state.note(drcontext, ilist, where);
  }
  return DRREG_SUCCESS;
}

drreg_status_t drreg_aflags_liveness(void*, instr_t* inst, uint* value) {
  if (value == nullptr) return DRREG_ERROR_INVALID_PARAMETER;
  *value = kArithmetic & ~liveness_at(inst).dead_flags;
  return DRREG_SUCCESS;
}

drreg_status_t drreg_are_aflags_dead(void*, instr_t* inst, bool* dead) {
  if (dead == nullptr) return DRREG_ERROR_INVALID_PARAMETER;
  *dead = all_dead(liveness_at(inst));
  return DRREG_SUCCESS;
}

drreg_status_t drreg_restore_app_aflags(void* drcontext, instrlist_t* ilist, instr_t* where) {
  State& state = State::get();
  const bool used = state.flags.in_use;
  // In use: the program's flags are there until the user changes them, and stay saved.
  if (state.flags.place == FlagsState::Place::kXax) {
    if (!move_flags_out_of_xax(drcontext, ilist, where)) return DRREG_ERROR_OUT_OF_SLOTS;
  }
  const FlagsState before = state.flags;
  if (before.place != FlagsState::Place::kSlot) return DRREG_SUCCESS;
  with_xax(drcontext, ilist, where, [&] {
    load_from(drcontext, ilist, where, DR_REG_XAX, before.slot);
    dr_restore_arith_flags_from_xax(drcontext, ilist, where);
  });
  if (!used) {
    state.give_slot(before.slot);
    state.flags = {};
  }
  state.note(drcontext, ilist, where);
  return DRREG_SUCCESS;
}

drreg_status_t drreg_is_register_dead(void*, reg_id_t reg, instr_t* inst, bool* dead) {
  if (dead == nullptr || !reg_is_gpr(reg)) return DRREG_ERROR_INVALID_PARAMETER;
  *dead = (liveness_at(inst).dead >> index_of(reg_to_pointer_sized(reg)) & 1) != 0;
  return DRREG_SUCCESS;
}

}  // extern "C"

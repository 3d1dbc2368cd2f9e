// Clean calls that look at the program's registers, or change them: these are put back around the
// call.
#include "ext/drreg/state.h"

namespace weft::dynamorio::drreg {
namespace {

/// What the call has left in the registers is the program's from then on.
void take_over(void* drcontext, instrlist_t* list, instr_t* where) {
  const State& state = State::get();
  for (size_t i = 0; i < kRegisters; ++i) {
    const RegisterState& reg = state.registers[i];
    if (!reg.native && reg.slot != 0) save_to(drcontext, list, where, reg_at(i), reg.slot);
  }
}

/// `where` is behind the call.
void on_call(void* drcontext, instrlist_t* list, instr_t* where, dr_cleancall_save_t flags) {
  if (drmgr_current_bb_phase(drcontext) != DRMGR_PHASE_INSERTION) return;
  const bool writes = (flags & DR_CLEANCALL_WRITES_APP_CONTEXT) != 0;
  if (!writes && (flags & DR_CLEANCALL_READS_APP_CONTEXT) == 0) return;
  instr_t* const call = where == nullptr ? instrlist_last(list) : instr_get_prev(where);
  instr_t* const behind = INSTR_CREATE_label(drcontext);
  instrlist_meta_postinsert(list, call, behind);
  if (writes) take_over(drcontext, list, behind);
  drreg_statelessly_restore_all(drcontext, list, call, behind, nullptr, nullptr);
}

}  // namespace

void start_calls() { dr_register_clean_call_insertion_event(&on_call); }

void stop_calls() { dr_unregister_clean_call_insertion_event(&on_call); }

}  // namespace weft::dynamorio::drreg

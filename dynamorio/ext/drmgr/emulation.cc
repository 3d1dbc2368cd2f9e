// Emulation: labels around instructions that stand for one of the program's, and what they say.

#include "core/inserted_code.h"
#include "ext/drmgr/block_events.h"

using namespace weft::dynamorio;

namespace {

constexpr unsigned kNotes = 2;

/// The first of the two notes.
ptr_uint_t first_note() {
  static const ptr_uint_t note = drmgr_reserve_note_range(kNotes);
  return note;
}

bool has_note(instr_t* instruction, ptr_uint_t note) {
  return instr_is_label(instruction) &&
         reinterpret_cast<ptr_uint_t>(instr_get_note(instruction)) == note;
}

bool has(const emulated_instr_t& emulated, dr_emulate_options_t flag) {
  return (emulated.flags & flag) != 0;
}

void set(emulated_instr_t& emulated, dr_emulate_options_t flag, bool on) {
  const unsigned flags = static_cast<unsigned>(emulated.flags);
  const unsigned bit = static_cast<unsigned>(flag);
  emulated.flags = static_cast<dr_emulate_options_t>(on ? flags | bit : flags & ~bit);
}

/// Of the label that starts an emulation: it owns the instruction.
void free_emulated(void* drcontext, instr_t* label) {
  auto* const instruction = reinterpret_cast<instr_t*>(instr_get_label_data_area(label)->data[0]);
  if (instruction != nullptr) instr_destroy(drcontext, instruction);
}

instr_t* label_with(void* drcontext, ptr_uint_t note) {
  instr_t* const label = INSTR_CREATE_label(drcontext);
  instr_set_meta(label);
  instr_set_note(label, reinterpret_cast<void*>(note));
  return label;
}

}  // namespace

namespace weft::dynamorio {

void follow_emulation(BlockState& state, instr_t* instruction) {
  if (state.emulates) {
    set(state.emulated, DR_EMULATE_IS_FIRST_INSTR, false);
    const bool rest = has(state.emulated, DR_EMULATE_REST_OF_BLOCK);
    if (drmgr_is_emulation_end(instruction) || (rest && instruction == state.last)) {
      state.emulates = false;
    }
  }
  if (!drmgr_is_emulation_start(instruction)) return;
  state.emulates = true;
  state.emulated.size = sizeof state.emulated;
  drmgr_get_emulated_instr_data(instruction, &state.emulated);
  set(state.emulated, DR_EMULATE_IS_FIRST_INSTR, true);
}

}  // namespace weft::dynamorio

extern "C" {

bool drmgr_insert_emulation_start(void* drcontext, instrlist_t* ilist, instr_t* where,
                                  emulated_instr_t* instr) {
  if (instr == nullptr || instr->size < sizeof *instr) return false;
  instr_t* const label = label_with(drcontext, first_note());
  dr_instr_label_data_t* const data = instr_get_label_data_area(label);
  data->data[0] = reinterpret_cast<ptr_uint_t>(instr->instr);
  data->data[1] = reinterpret_cast<ptr_uint_t>(instr->pc);
  data->data[2] = static_cast<ptr_uint_t>(instr->flags);
  instr_set_label_callback(label, &free_emulated);
  add_meta(ilist, where, label);
  return true;
}

void drmgr_insert_emulation_end(void* drcontext, instrlist_t* ilist, instr_t* where) {
  add_meta(ilist, where, label_with(drcontext, first_note() + 1));
}

bool drmgr_is_emulation_start(instr_t* instr) { return has_note(instr, first_note()); }
bool drmgr_is_emulation_end(instr_t* instr) { return has_note(instr, first_note() + 1); }

bool drmgr_get_emulated_instr_data(instr_t* instr, emulated_instr_t* emulated) {
  if (emulated == nullptr || emulated->size < sizeof *emulated) return false;
  if (!drmgr_is_emulation_start(instr)) return false;
  const dr_instr_label_data_t* const data = instr_get_label_data_area(instr);
  emulated->instr = reinterpret_cast<instr_t*>(data->data[0]);
  emulated->pc = reinterpret_cast<app_pc>(data->data[1]);
  emulated->flags = static_cast<dr_emulate_options_t>(data->data[2]);
  return true;
}

bool drmgr_in_emulation_region(void*, const emulated_instr_t** emulation_info) {
  const BlockState& state = block_state();
  if (!state.emulates) return false;
  if (emulation_info != nullptr) *emulation_info = &state.emulated;
  return true;
}

instr_t* drmgr_orig_app_instr_for_fetch(void*) {
  const BlockState& state = block_state();
  if (state.current == nullptr) return nullptr;
  if (state.emulates) {
    return has(state.emulated, DR_EMULATE_IS_FIRST_INSTR) ? state.emulated.instr : nullptr;
  }
  return instr_is_app(state.current) ? state.current : nullptr;
}

instr_t* drmgr_orig_app_instr_for_operands(void* drcontext) {
  const BlockState& state = block_state();
  if (state.emulates && state.current != nullptr && has(state.emulated, DR_EMULATE_INSTR_ONLY)) {
    return instr_is_app(state.current) ? state.current : nullptr;
  }
  return drmgr_orig_app_instr_for_fetch(drcontext);
}

}  // extern "C"

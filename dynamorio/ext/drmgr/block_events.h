// Block events of the manager: one list of users, which each have some of the phases.
#pragma once

#include "ext/drmgr/priority_list.h"

namespace weft::dynamorio {

/// One registration. What is null is not wanted.
struct BlockUser {
  drmgr_xform_cb_t app2app = nullptr;
  drmgr_app2app_ex_cb_t app2app_ex = nullptr;
  drmgr_analysis_cb_t analysis = nullptr;
  drmgr_ilist_ex_cb_t analysis_ex = nullptr;
  drmgr_insertion_cb_t insertion = nullptr;
  drmgr_opcode_insertion_cb_t opcode_insertion = nullptr;
  int opcode = 0;
  void* opcode_data = nullptr;
  drmgr_xform_cb_t instru2instru = nullptr;
  drmgr_ilist_ex_cb_t instru2instru_ex = nullptr;
  drmgr_xform_cb_t meta = nullptr;
  drmgr_ilist_ex_cb_t meta_ex = nullptr;
};

/// Where a thread is in a block's phases.
struct BlockState {
  drmgr_bb_phase_t phase = DRMGR_PHASE_NONE;
  instr_t* first = nullptr;
  instr_t* first_nonlabel = nullptr;
  instr_t* last = nullptr;
  instr_t* current = nullptr;  ///< whose insertions are made
  bool emulates = false;
  emulated_instr_t emulated{};
};

/// Of the calling thread.
BlockState& block_state();
/// Takes note of what `instruction`, which comes next, says of emulation.
void follow_emulation(BlockState& state, instr_t* instruction);

PriorityList<BlockUser>& block_users();
void start_block_events();
void stop_block_events();

}  // namespace weft::dynamorio

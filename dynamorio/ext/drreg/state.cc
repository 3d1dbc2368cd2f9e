#include "ext/drreg/state.h"

#include <algorithm>
#include <cstddef>
#include <mutex>

#include "core/inserted_code.h"
#include "core/room.h"

namespace weft::dynamorio::drreg {
namespace {

/// What all users together asked for.
struct Users {
  std::mutex mutex;
  int count = 0;  ///< under mutex, as the others
  uint wanted = 0;
  bool conservative = false;
  std::vector<uint32_t> slots;
  std::vector<bool (*)(drreg_status_t)> callbacks;
};

Users& users() {
  static Users users;
  return users;
}

opnd_t slot_operand(void* drcontext, uint32_t slot) {
  return dr_raw_tls_opnd(drcontext, DR_SEG_GS, slot);
}

constexpr dr_spill_slot_t kFirstShared = SPILL_SLOT_5;

/// As many as are wanted, if they are to be had.
void take_slots(Users& all) {
  while (all.slots.size() < all.wanted) {
    reg_id_t segment = DR_REG_NULL;
    uint offset = 0;
    if (!dr_raw_tls_calloc(&segment, &offset, 1, 0)) return;
    all.slots.push_back(offset);
  }
}

}  // namespace

State& State::get() {
  static thread_local State state;
  return state;
}

void State::start_block() {
  registers = {};
  flags = {};
  properties = 0;
  eager = false;
  free_slots_ = all_slots();
  noted_ = {};
}

void State::note(void* drcontext, instrlist_t* list, instr_t* where) {
  Homes homes;
  for (size_t i = 0; i < kRegisters; ++i) {
    if (!registers[i].native) homes.slots[i] = registers[i].slot;
  }
  homes.flags_in_xax = flags.place == FlagsState::Place::kXax;
  if (flags.place == FlagsState::Place::kSlot) homes.flags_slot = flags.slot;
  if (homes == noted_) return;
  noted_ = homes;
  note_homes(drcontext, list, where, homes);
}

uint32_t State::take_slot() {
  if (free_slots_.empty()) return 0;
  const uint32_t slot = free_slots_.back();
  free_slots_.pop_back();
  return slot;
}

void State::give_slot(uint32_t slot) {
  if (slot != 0) free_slots_.push_back(slot);
}

std::vector<uint32_t> all_slots() {
  std::vector<uint32_t> slots;
  // When the own ones are in use, the core's spill slots, of which clients take the first.
  for (int i = kFirstShared; i <= SPILL_SLOT_MAX; ++i) {
    slots.push_back(Room::get().slots().spill(static_cast<dr_spill_slot_t>(i)));
  }
  const std::lock_guard held(users().mutex);
  slots.insert(slots.end(), users().slots.begin(), users().slots.end());
  return slots;
}

bool is_conservative() {
  const std::lock_guard held(users().mutex);
  return users().conservative;
}

drreg_status_t report(drreg_status_t status, const char* what) {
  std::vector<bool (*)(drreg_status_t)> callbacks;
  {
    const std::lock_guard held(users().mutex);
    callbacks = users().callbacks;
  }
  for (const auto callback : callbacks) {
    if (callback(status)) return status;
  }
  Room::get().process().fail(std::string("drreg: ") + what);
  __builtin_unreachable();
}

void save_to(void* drcontext, instrlist_t* list, instr_t* where, reg_id_t reg, uint32_t slot) {
  add_meta(list, where,
           XINST_CREATE_store(drcontext, slot_operand(drcontext, slot), opnd_create_reg(reg)));
}

void load_from(void* drcontext, instrlist_t* list, instr_t* where, reg_id_t reg, uint32_t slot) {
  add_meta(list, where,
           XINST_CREATE_load(drcontext, opnd_create_reg(reg), slot_operand(drcontext, slot)));
}

}  // namespace weft::dynamorio::drreg

using namespace weft::dynamorio::drreg;

extern "C" {

drreg_status_t drreg_init(drreg_options_t* ops) {
  if (ops == nullptr || ops->struct_size < offsetof(drreg_options_t, error_callback)) {
    return DRREG_ERROR_INVALID_PARAMETER;
  }
  bool first = false;
  {
    const std::lock_guard held(users().mutex);
    Users& all = users();
    first = all.count++ == 0;
    // One more for the flags, and one for a value of a tool's while the program's is in its place.
    constexpr uint kOwn = 4;
    const bool sums = ops->struct_size < sizeof *ops || !ops->do_not_sum_slots;
    if (first) {
      all.wanted = ops->num_spill_slots + kOwn;
    } else if (sums) {
      all.wanted += ops->num_spill_slots;
    } else {
      all.wanted = std::max(all.wanted, ops->num_spill_slots + kOwn);
    }
    all.conservative |= ops->conservative;
    if (ops->struct_size > offsetof(drreg_options_t, error_callback) &&
        ops->error_callback != nullptr) {
      all.callbacks.push_back(ops->error_callback);
    }
    take_slots(all);
  }
  if (first) {
    drmgr_init();
    start_events();
  }
  return DRREG_SUCCESS;
}

drreg_status_t drreg_exit() {
  const std::lock_guard held(users().mutex);
  Users& all = users();
  if (all.count == 0) return DRREG_ERROR;
  if (--all.count != 0) return DRREG_SUCCESS;
  stop_events();
  drmgr_exit();
  all.callbacks.clear();
  return DRREG_SUCCESS;
}

drreg_status_t drreg_max_slots_used(uint* max) {
  if (max == nullptr) return DRREG_ERROR_INVALID_PARAMETER;
  const std::lock_guard held(users().mutex);
  *max = static_cast<uint>(users().slots.size());
  return DRREG_SUCCESS;
}

}  // extern "C"

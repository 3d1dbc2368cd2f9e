// The program's instructions in between: what they read is put back before them, what they write
// counts from then on.
#include <utility>

#include "ext/drreg/state.h"
#include "ext/drwrap/hooks.h"
#include "ir/general_use.h"

namespace weft::dynamorio::drreg {
namespace {

using Place = FlagsState::Place;

bool leaves(instr_t* instruction) {
  return instr_is_cti(instruction) || instr_is_syscall(instruction) ||
         instr_is_interrupt(instruction);
}

/// Whether the runtime carries the instruction out, and has the program go on in another block:
/// what is inserted behind it does not run.
bool is_carried_out(instr_t* instruction) { return instr_get_opcode(instruction) == OP_cpuid; }

/// One instruction of the program, when all insertions in front of it are made.
class Crossing {
 public:
  Crossing(void* drcontext, instrlist_t* list, instr_t* instruction)
      : drcontext_(drcontext),
        list_(list),
        instruction_(instruction),
        state_(State::get()),
        // Calls of drwrap's callbacks, which see all registers, stand between what is inserted and
        // the instruction.
        is_seen_(any_wrapped() && instruction == instrlist_first_app(list)) {}

  void run() {
    const bool last = drmgr_is_last_instr(drcontext_, instruction_);
    const bool app = instr_is_app(instruction_) && !instr_is_label(instruction_);
    if (last || (app && leaves(instruction_))) return end();
    if (is_barrier(instruction_)) {
      drreg_statelessly_restore_all(drcontext_, list_, instruction_, behind(), nullptr, nullptr);
      return;
    }
    if (!app) return;
    cross_flags();
    cross_registers();
    if (is_carried_out(instruction_)) put_all_back();
    if (state_.eager) drreg_restore_all(drcontext_, list_, instruction_);
    state_.note(drcontext_, list_, instruction_);
  }

 private:
  instr_t* behind() const { return instr_get_next(instruction_); }

  void end() {
    const bool own = (state_.properties & DRREG_USER_RESTORES_AT_BB_END) != 0;
    bool used = state_.flags.in_use;
    for (const RegisterState& each : state_.registers) used |= each.in_use;
    if (used && !own) {
      report(DRREG_ERROR_IN_USE, "a register or the flags are still reserved at the block's end");
    }
    drreg_restore_all(drcontext_, list_, instruction_);
  }

  void cross_flags() {
    FlagsState& flags = state_.flags;
    if (flags.place == Place::kNative) return;
    const uint used = instr_get_arith_flags(instruction_, DR_QUERY_INCLUDE_ALL);
    const bool read = is_seen_ || (used & kArithmetic) != 0;
    const uint written = EFLAGS_WRITE_TO_READ(used) & kArithmetic;
    const bool uses_xax = flags.place == Place::kXax && instr_uses_reg(instruction_, DR_REG_XAX);
    if (uses_xax && !move_flags_out_of_xax(drcontext_, list_, instruction_)) {
      report(DRREG_ERROR_OUT_OF_SLOTS, "no slot for the flags");
    }
    if (!read && written == 0) return;
    if (flags.in_use) return cross_used_flags(written);
    if (!read && written == kArithmetic && !instr_is_predicated(instruction_)) {
      // Nobody wants the old ones any more.
      state_.give_slot(flags.slot);
      flags = {};
      return;
    }
    restore_flags(drcontext_, list_, instruction_);
  }

  /// The tool keeps them reserved, and nothing of its own in them.
  void cross_used_flags(uint written) {
    drreg_restore_app_aflags(drcontext_, list_, instruction_);
    if (written == 0) return;
    state_.give_slot(state_.flags.slot);
    state_.flags = {};
    drreg_reserve_aflags(drcontext_, list_, behind());
  }

  void cross_registers() {
    uint32_t kept = 0;
    for (size_t i = 0; i < kRegisters; ++i) kept |= state_.registers[i].native ? 0u : 1u << i;
    if (kept == 0) return;
    GeneralUse use = general_use(instruction_);
    if (is_seen_) use.reads |= static_cast<uint16_t>(kept);
    for (uint32_t left = kept & (use.reads | use.writes); left != 0; left &= left - 1) {
      cross_register(static_cast<size_t>(__builtin_ctz(left)), use);
    }
  }

  void put_all_back() {
    restore_flags(drcontext_, list_, instruction_);
    for (size_t i = 0; i < kRegisters; ++i) {
      const RegisterState& reg = state_.registers[i];
      if (reg.native) continue;
      if (reg.in_use) {
        cross_used_register(i, true, false);
      } else {
        restore_register(drcontext_, list_, instruction_, i);
      }
    }
  }

  void cross_register(size_t i, const GeneralUse& use) {
    RegisterState& reg = state_.registers[i];
    const bool read = (use.reads >> i & 1) != 0;
    const bool written = (use.writes >> i & 1) != 0;
    const bool replaced = (use.replaces >> i & 1) != 0;
    if (reg.in_use) return cross_used_register(i, read || !replaced, written);
    if (!read && replaced) {
      state_.give_slot(reg.slot);
      reg = {};
      return;
    }
    restore_register(drcontext_, list_, instruction_, i);
  }

  /// The tool's value goes into a slot while the program's is in the register.
  void cross_used_register(size_t i, bool read, bool written) {
    RegisterState& reg = state_.registers[i];
    const uint32_t kept = state_.take_slot();
    if (written && reg.slot == 0) reg.slot = std::exchange(reg.spare, 0);
    if (written && reg.slot == 0) reg.slot = state_.take_slot();
    if (kept == 0 || (written && reg.slot == 0)) {
      report(DRREG_ERROR_OUT_OF_SLOTS, "no slot for a value that is kept across an instruction");
      return;
    }
    instr_t* const next = behind();
    save_to(drcontext_, list_, instruction_, reg_at(i), kept);
    if (read && reg.slot != 0) load_from(drcontext_, list_, instruction_, reg_at(i), reg.slot);
    if (written) save_to(drcontext_, list_, next, reg_at(i), reg.slot);
    load_from(drcontext_, list_, next, reg_at(i), kept);
    state_.give_slot(kept);
  }

  void* drcontext_;
  instrlist_t* list_;
  instr_t* instruction_;
  State& state_;
  bool is_seen_;
};

/// Whether control goes to a place within the block.
bool branches_inside(instrlist_t* list) {
  for (instr_t* each = instrlist_first(list); each != nullptr; each = instr_get_next(each)) {
    if (instr_is_label(each) || !instr_is_app(each) || !instr_is_cti(each)) continue;
    if (instr_num_srcs(each) > 0 && opnd_is_instr(instr_get_target(each))) return true;
  }
  return false;
}

dr_emit_flags_t on_analysis(void*, void*, instrlist_t* list, bool, bool, void**) {
  State& state = State::get();
  state.start_block();
  state.eager = branches_inside(list);
  return DR_EMIT_DEFAULT;
}

dr_emit_flags_t on_insertion(void* drcontext, void*, instrlist_t* list, instr_t* instruction, bool,
                             bool, void*) {
  Crossing(drcontext, list, instruction).run();
  return DR_EMIT_DEFAULT;
}

}  // namespace

void start_events() {
  start_calls();
  drmgr_priority_t high{sizeof(drmgr_priority_t), DRMGR_PRIORITY_NAME_DRREG_HIGH, nullptr, nullptr,
                        DRMGR_PRIORITY_INSERT_DRREG_HIGH};
  drmgr_register_bb_instrumentation_event(&on_analysis, nullptr, &high);
  drmgr_priority_t low{sizeof(drmgr_priority_t), DRMGR_PRIORITY_NAME_DRREG_LOW, nullptr, nullptr,
                       DRMGR_PRIORITY_INSERT_DRREG_LOW};
  drmgr_register_bb_instrumentation_event(nullptr, &on_insertion, &low);
}

void stop_events() {
  stop_calls();
  drmgr_unregister_bb_instrumentation_event(&on_analysis);
  drmgr_unregister_bb_insertion_event(&on_insertion);
}

}  // namespace weft::dynamorio::drreg

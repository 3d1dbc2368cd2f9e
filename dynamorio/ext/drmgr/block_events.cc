#include "ext/drmgr/block_events.h"

#include <algorithm>

namespace weft::dynamorio {
namespace {

using Users = PriorityList<BlockUser>::Entries;

/// One block on its way through the phases.
class Pass {
 public:
  Pass(void* drcontext, void* tag, instrlist_t* block, bool for_trace, bool translating)
      : drcontext_(drcontext),
        tag_(tag),
        block_(block),
        for_trace_(for_trace),
        translating_(translating),
        users_(block_users().entries()),
        data_(users_->size()),
        by_opcode_(std::any_of(users_->begin(), users_->end(), [](const auto& each) {
          return each.second.opcode_insertion != nullptr;
        })) {}

  dr_emit_flags_t run() {
    BlockState& state = block_state();
    state = {};
    state.phase = DRMGR_PHASE_APP2APP;
    for (size_t i = 0; i < users_->size(); ++i) change(i);
    state.phase = DRMGR_PHASE_ANALYSIS;
    for (size_t i = 0; i < users_->size(); ++i) analyze(i);
    state.phase = DRMGR_PHASE_INSERTION;
    insert(state);
    state.phase = DRMGR_PHASE_INSTRU2INSTRU;
    for (size_t i = 0; i < users_->size(); ++i) {
      transform(user(i).instru2instru, user(i).instru2instru_ex, i);
    }
    state.phase = DRMGR_PHASE_META_INSTRU;
    for (size_t i = 0; i < users_->size(); ++i) transform(user(i).meta, user(i).meta_ex, i);
    state = {};
    return static_cast<dr_emit_flags_t>(flags_);
  }

 private:
  const BlockUser& user(size_t i) const { return (*users_)[i].second; }
  void add(dr_emit_flags_t flags) { flags_ |= static_cast<unsigned>(flags); }

  void change(size_t i) {
    if (user(i).app2app != nullptr) {
      add(user(i).app2app(drcontext_, tag_, block_, for_trace_, translating_));
    }
    if (user(i).app2app_ex != nullptr) {
      add(user(i).app2app_ex(drcontext_, tag_, block_, for_trace_, translating_, &data_[i]));
    }
  }

  void analyze(size_t i) {
    if (user(i).analysis != nullptr) {
      add(user(i).analysis(drcontext_, tag_, block_, for_trace_, translating_, &data_[i]));
    }
    if (user(i).analysis_ex != nullptr) {
      add(user(i).analysis_ex(drcontext_, tag_, block_, for_trace_, translating_, data_[i]));
    }
  }

  void insert(BlockState& state) {
    state.first = instrlist_first(block_);
    state.first_nonlabel = instrlist_first_nonlabel(block_);
    state.last = instrlist_last(block_);
    instr_t* next = nullptr;
    for (instr_t* each = state.first; each != nullptr; each = next) {
      next = instr_get_next(each);
      state.current = each;
      follow_emulation(state, each);
      const int opcode = !by_opcode_            ? OP_INVALID
                         : instr_is_label(each) ? OP_LABEL
                                                : instr_get_opcode(each);
      for (size_t i = 0; i < users_->size(); ++i) {
        if (user(i).insertion != nullptr) {
          add(user(i).insertion(drcontext_, tag_, block_, each, for_trace_, translating_,
                                data_[i]));
        }
        if (user(i).opcode_insertion != nullptr && user(i).opcode == opcode) {
          add(user(i).opcode_insertion(drcontext_, tag_, block_, each, for_trace_, translating_,
                                       user(i).opcode_data));
        }
      }
    }
    state.current = nullptr;
    state.emulates = false;
  }

  void transform(drmgr_xform_cb_t plain, drmgr_ilist_ex_cb_t with_data, size_t i) {
    if (plain != nullptr) add(plain(drcontext_, tag_, block_, for_trace_, translating_));
    if (with_data != nullptr) {
      add(with_data(drcontext_, tag_, block_, for_trace_, translating_, data_[i]));
    }
  }

  void* drcontext_;
  void* tag_;
  instrlist_t* block_;
  bool for_trace_;
  bool translating_;
  std::shared_ptr<const Users> users_;
  std::vector<void*> data_;  ///< of each user, for this block
  bool by_opcode_;           ///< any of them looks at opcodes
  unsigned flags_ = DR_EMIT_DEFAULT;
};

dr_emit_flags_t on_block(void* drcontext, void* tag, instrlist_t* block, bool for_trace,
                         bool translating) {
  return Pass(drcontext, tag, block, for_trace, translating).run();
}

bool add_user(const BlockUser& user, drmgr_priority_t* priority) {
  return block_users().add(Priority(priority), user);
}

bool in_insertion() { return block_state().phase == DRMGR_PHASE_INSERTION; }

}  // namespace

BlockState& block_state() {
  static thread_local BlockState state;
  return state;
}

PriorityList<BlockUser>& block_users() {
  static PriorityList<BlockUser> users;
  return users;
}

void start_block_events() { dr_register_bb_event(&on_block); }
void stop_block_events() { dr_unregister_bb_event(&on_block); }

}  // namespace weft::dynamorio

using namespace weft::dynamorio;

extern "C" {

bool drmgr_register_bb_app2app_event(drmgr_xform_cb_t func, drmgr_priority_t* priority) {
  return func != nullptr && add_user({.app2app = func}, priority);
}
bool drmgr_unregister_bb_app2app_event(drmgr_xform_cb_t func) {
  return block_users().remove([=](const BlockUser& each) { return each.app2app == func; });
}

bool drmgr_register_bb_instrumentation_event(drmgr_analysis_cb_t analysis_func,
                                             drmgr_insertion_cb_t insertion_func,
                                             drmgr_priority_t* priority) {
  if (analysis_func == nullptr && insertion_func == nullptr) return false;
  return add_user({.analysis = analysis_func, .insertion = insertion_func}, priority);
}
bool drmgr_unregister_bb_instrumentation_event(drmgr_analysis_cb_t func) {
  return block_users().remove([=](const BlockUser& each) { return each.analysis == func; });
}
bool drmgr_unregister_bb_insertion_event(drmgr_insertion_cb_t func) {
  return block_users().remove([=](const BlockUser& each) { return each.insertion == func; });
}

bool drmgr_register_bb_instru2instru_event(drmgr_xform_cb_t func, drmgr_priority_t* priority) {
  return func != nullptr && add_user({.instru2instru = func}, priority);
}
bool drmgr_unregister_bb_instru2instru_event(drmgr_xform_cb_t func) {
  return block_users().remove([=](const BlockUser& each) { return each.instru2instru == func; });
}

bool drmgr_register_bb_instrumentation_ex_event(drmgr_app2app_ex_cb_t app2app_func,
                                                drmgr_ilist_ex_cb_t analysis_func,
                                                drmgr_insertion_cb_t insertion_func,
                                                drmgr_ilist_ex_cb_t instru2instru_func,
                                                drmgr_priority_t* priority) {
  return add_user({.app2app_ex = app2app_func,
                   .analysis_ex = analysis_func,
                   .insertion = insertion_func,
                   .instru2instru_ex = instru2instru_func},
                  priority);
}
bool drmgr_unregister_bb_instrumentation_ex_event(drmgr_app2app_ex_cb_t app2app_func,
                                                  drmgr_ilist_ex_cb_t analysis_func,
                                                  drmgr_insertion_cb_t insertion_func,
                                                  drmgr_ilist_ex_cb_t instru2instru_func) {
  return block_users().remove([=](const BlockUser& each) {
    return each.app2app_ex == app2app_func && each.analysis_ex == analysis_func &&
           each.insertion == insertion_func && each.instru2instru_ex == instru2instru_func;
  });
}

bool drmgr_register_opcode_instrumentation_event(drmgr_opcode_insertion_cb_t func, int opcode,
                                                 drmgr_priority_t* priority, void* user_data) {
  if (func == nullptr) return false;
  return add_user({.opcode_insertion = func, .opcode = opcode, .opcode_data = user_data}, priority);
}
bool drmgr_unregister_opcode_instrumentation_event(drmgr_opcode_insertion_cb_t func, int opcode) {
  return block_users().remove([=](const BlockUser& each) {
    return each.opcode_insertion == func && each.opcode == opcode;
  });
}

bool drmgr_register_bb_meta_instru_event(drmgr_xform_cb_t func, drmgr_priority_t* priority) {
  return func != nullptr && add_user({.meta = func}, priority);
}
bool drmgr_unregister_bb_meta_instru_event(drmgr_xform_cb_t func) {
  return block_users().remove([=](const BlockUser& each) { return each.meta == func; });
}

bool drmgr_register_bb_instrumentation_all_events(drmgr_instru_events_t* events,
                                                  drmgr_priority_t* priority) {
  if (events == nullptr || events->struct_size < sizeof *events) return false;
  return add_user({.app2app_ex = events->app2app_func,
                   .analysis_ex = events->analysis_func,
                   .insertion = events->insertion_func,
                   .instru2instru_ex = events->instru2instru_func,
                   .meta_ex = events->meta_instru_func},
                  priority);
}
bool drmgr_unregister_bb_instrumentation_all_events(drmgr_instru_events_t* events) {
  if (events == nullptr) return false;
  const drmgr_instru_events_t wanted = *events;
  return block_users().remove([=](const BlockUser& each) {
    return each.app2app_ex == wanted.app2app_func && each.analysis_ex == wanted.analysis_func &&
           each.insertion == wanted.insertion_func &&
           each.instru2instru_ex == wanted.instru2instru_func &&
           each.meta_ex == wanted.meta_instru_func;
  });
}

drmgr_bb_phase_t drmgr_current_bb_phase(void*) { return block_state().phase; }

bool drmgr_is_first_instr(void*, instr_t* instr) {
  return in_insertion() && instr == block_state().first;
}
bool drmgr_is_first_nonlabel_instr(void*, instr_t* instr) {
  return in_insertion() && instr == block_state().first_nonlabel;
}
bool drmgr_is_last_instr(void*, instr_t* instr) {
  return in_insertion() && instr == block_state().last;
}

bool drmgr_disable_auto_predication(void*, instrlist_t* ilist) {
  instrlist_set_auto_predicate(ilist, DR_PRED_NONE);
  return true;
}

}  // extern "C"

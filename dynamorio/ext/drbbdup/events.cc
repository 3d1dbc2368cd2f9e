// The phases: the block is duplicated, each copy is analysed and instrumented by itself.
#include "core/inserted_code.h"
#include "drreg.h"
#include "ext/drbbdup/cases.h"
#include "ext/drmgr/block_events.h"

namespace weft::dynamorio::drbbdup {
namespace {

/// Three notes, in the order of Mark.
ptr_uint_t first_note() {
  static const ptr_uint_t note = drmgr_reserve_note_range(3);
  return note;
}

bool ends_block(instr_t* instruction) {
  return instr_is_cti(instruction) || instr_is_syscall(instruction) ||
         instr_is_interrupt(instruction);
}

instr_t* first_nonlabel_from(instr_t* from) {
  instr_t* each = from;
  while (each != nullptr && instr_is_label(each) && !is_mark(each, Mark::kEnd)) {
    each = instr_get_next(each);
  }
  return each;
}

void free_pass(void* drcontext) {
  Pass& own = pass();
  const drbbdup_options_t& options = manager()->options;
  if (options.destroy_case_analysis != nullptr) {
    for (size_t i = 0; i < own.case_analysis.size(); ++i) {
      if (own.case_analysis[i] == nullptr) continue;
      options.destroy_case_analysis(drcontext, own.encoding(i), options.user_data,
                                    own.original_analysis, own.case_analysis[i]);
    }
  }
  if (options.destroy_orig_analysis != nullptr && own.original_analysis != nullptr) {
    options.destroy_orig_analysis(drcontext, options.user_data, own.original_analysis);
  }
  if (own.original != nullptr) instrlist_clear_and_destroy(drcontext, own.original);
  own = {};
}

/// Asks the client which cases the block has.
void ask(void* drcontext, instrlist_t* list) {
  Manager& all = *manager();
  const drbbdup_options_t& options = all.options;
  Pass& own = pass();
  if (opnd_is_null(options.runtime_case_opnd)) {
    own.cases = {};
    own.cases.duplicates = false;
    own.cases.dynamic = false;
    return;
  }
  own.cases.default_case = options.set_up_bb_dups(
      &own, drcontext, own.tag, list, &own.cases.duplicates, &own.cases.dynamic, options.user_data);
  if (options.never_enable_dynamic_handling) own.cases.dynamic = false;
  if (!own.cases.duplicates) {
    own.cases.others.clear();
    if (!own.cases.dynamic) ++all.counts.without_dynamic;
    own.cases.dynamic = false;
    ++all.counts.without_duplicates;
    return;
  }
  if (own.cases.dynamic) {
    all.dynamic.extend(own.tag, own.cases, options.non_default_case_limit);
  }
  if (!own.cases.dynamic) ++all.counts.without_dynamic;
}

/// Appends one copy of the block, between its marks.
void append_copy(void* drcontext, instrlist_t* list, size_t index, instr_t* exit) {
  instrlist_append(list, make_mark(drcontext, Mark::kStart, index));
  instrlist_t* const copy = instrlist_clone(drcontext, pass().original);
  instr_t* const last = instrlist_last_app(copy);
  if (last != nullptr && pass().shared_last != nullptr) {
    instrlist_remove(copy, last);
    instr_destroy(drcontext, last);
  }
  instr_t* next = nullptr;
  for (instr_t* each = instrlist_first(copy); each != nullptr; each = next) {
    next = instr_get_next(each);
    instrlist_remove(copy, each);
    instrlist_append(list, each);
  }
  instrlist_destroy(drcontext, copy);
  instrlist_append(list, make_mark(drcontext, Mark::kEnd, index));
  instr_t* const jump = INSTR_CREATE_jmp(drcontext, opnd_create_instr(exit));
  instr_set_meta(jump);
  instrlist_append(list, jump);
}

/// The block's own instructions stay until the pass ends: labels among them may own others.
void take_original(void* drcontext, instrlist_t* list) {
  Pass& own = pass();
  own.original = instrlist_create(drcontext);
  instr_t* next = nullptr;
  for (instr_t* each = instrlist_first(list); each != nullptr; each = next) {
    next = instr_get_next(each);
    instrlist_remove(list, each);
    instrlist_append(own.original, each);
  }
}

dr_emit_flags_t on_app2app(void* drcontext, void* tag, instrlist_t* list, bool, bool) {
  Pass& own = pass();
  own = {};
  own.tag = tag;
  ask(drcontext, list);
  take_original(drcontext, list);
  instr_t* const last = instrlist_last_app(own.original);
  own.shared_last = last != nullptr && ends_block(last) ? instr_clone(drcontext, last) : nullptr;
  instr_t* const exit = make_mark(drcontext, Mark::kExit, 0);
  for (size_t i = 0; i < own.count(); ++i) append_copy(drcontext, list, i, exit);
  instrlist_append(list, exit);
  if (own.shared_last != nullptr) instrlist_append(list, own.shared_last);
  return DR_EMIT_STORE_TRANSLATIONS;
}

/// The case's copy as a block of its own, the last transfer of control included, while the client
/// looks at it; what the client adds stays in the copy.
class CopyAlone {
 public:
  CopyAlone(void* drcontext, instrlist_t* list, size_t index)
      : drcontext_(drcontext), list_(list), alone_(instrlist_create(drcontext)) {
    instr_t* each = instrlist_first(list);
    size_t at = 0;
    while (!is_mark(each, Mark::kStart, &at) || at != index) each = instr_get_next(each);
    end_ = instr_get_next(each);
    while (!is_mark(end_, Mark::kEnd)) end_ = move(list_, end_, alone_, nullptr);
    const Pass& own = pass();
    if (own.shared_last == nullptr) return;
    last_ = instr_clone(drcontext, own.shared_last);
    instrlist_append(alone_, last_);
  }
  ~CopyAlone() {
    if (last_ != nullptr) {
      instrlist_remove(alone_, last_);
      instr_destroy(drcontext_, last_);
    }
    instr_t* each = instrlist_first(alone_);
    while (each != nullptr) each = move(alone_, each, list_, end_);
    instrlist_destroy(drcontext_, alone_);
  }
  CopyAlone(const CopyAlone&) = delete;
  CopyAlone& operator=(const CopyAlone&) = delete;

  instrlist_t* list() { return alone_; }

 private:
  /// Returns what stood behind it.
  static instr_t* move(instrlist_t* from, instr_t* instruction, instrlist_t* to, instr_t* where) {
    instr_t* const next = instr_get_next(instruction);
    instrlist_remove(from, instruction);
    instrlist_preinsert(to, where, instruction);
    return next;
  }

  void* drcontext_;
  instrlist_t* list_;
  instrlist_t* alone_;
  instr_t* end_ = nullptr;
  instr_t* last_ = nullptr;
};

dr_emit_flags_t on_analysis(void* drcontext, void* tag, instrlist_t* list, bool for_trace,
                            bool translating, void**) {
  const drbbdup_options_t& options = manager()->options;
  Pass& own = pass();
  if (options.analyze_orig != nullptr) {
    options.analyze_orig(drcontext, tag, own.original, options.user_data, &own.original_analysis);
  }
  own.case_analysis.assign(own.count(), nullptr);
  for (size_t i = 0; i < own.count(); ++i) {
    CopyAlone copy(drcontext, list, i);
    if (options.analyze_case != nullptr) {
      options.analyze_case(drcontext, tag, copy.list(), own.encoding(i), options.user_data,
                           own.original_analysis, &own.case_analysis[i]);
    } else if (options.analyze_case_ex != nullptr) {
      options.analyze_case_ex(drcontext, tag, copy.list(), for_trace, translating, own.encoding(i),
                              options.user_data, own.original_analysis, &own.case_analysis[i]);
    }
  }
  return DR_EMIT_DEFAULT;
}

/// In front of the first copy: the choice.
void begin_block(void* drcontext, instrlist_t* list, instr_t* where) {
  const drbbdup_options_t& options = manager()->options;
  Pass& own = pass();
  if (options.insert_encode != nullptr && own.cases.duplicates) {
    options.insert_encode(drcontext, own.tag, list, where, options.user_data,
                          own.original_analysis);
    drreg_restore_all(drcontext, list, where);
  }
  if (own.count() == 1) return;
  std::vector<instr_t*> starts(own.count(), nullptr);
  for (instr_t* each = where; each != nullptr; each = instr_get_next(each)) {
    size_t index = 0;
    if (is_mark(each, Mark::kStart, &index)) starts[index] = each;
  }
  insert_choice(drcontext, list, where, own, starts);
}

void begin_case(void* drcontext, instrlist_t* list, instr_t* mark, size_t index) {
  Pass& own = pass();
  if (index == 0) begin_block(drcontext, list, mark);
  own.current = static_cast<int>(index);
  // What the case before this one emulated ends with it.
  block_state().emulates = false;
  instr_t* const behind = instr_get_next(mark);
  if (own.count() > 1) insert_arrival(drcontext, list, behind);
  if (own.cases.dynamic && index + 1 == own.count()) {
    insert_lookout(drcontext, list, behind, own);
  }
  own.first = behind;
  own.first_nonlabel = first_nonlabel_from(behind);
  own.last = nullptr;
  for (instr_t* each = behind; !is_mark(each, Mark::kEnd); each = instr_get_next(each)) {
    own.last = each;
  }
  if (own.shared_last != nullptr) own.last = own.shared_last;
  if (is_mark(own.first, Mark::kEnd)) own.first = own.shared_last;
  if (is_mark(own.first_nonlabel, Mark::kEnd)) own.first_nonlabel = own.shared_last;
}

void instrument(void* drcontext, instrlist_t* list, instr_t* instruction, instr_t* where,
                bool for_trace, bool translating) {
  const drbbdup_options_t& options = manager()->options;
  const Pass& own = pass();
  const auto index = static_cast<size_t>(own.current);
  if (options.instrument_instr != nullptr) {
    options.instrument_instr(drcontext, own.tag, list, instruction, where, own.encoding(index),
                             options.user_data, own.original_analysis, own.case_analysis[index]);
  } else if (options.instrument_instr_ex != nullptr) {
    options.instrument_instr_ex(drcontext, own.tag, list, instruction, where, for_trace,
                                translating, own.encoding(index), options.user_data,
                                own.original_analysis, own.case_analysis[index]);
  }
}

dr_emit_flags_t on_insertion(void* drcontext, void*, instrlist_t* list, instr_t* instruction,
                             bool for_trace, bool translating, void*) {
  Pass& own = pass();
  size_t index = 0;
  if (is_mark(instruction, Mark::kStart, &index)) {
    begin_case(drcontext, list, instruction, index);
  } else if (is_mark(instruction, Mark::kEnd)) {
    if (own.shared_last != nullptr) {
      // Its insertions are made in each case, in front of the end.
      block_state().current = own.shared_last;
      instrument(drcontext, list, own.shared_last, instruction, for_trace, translating);
    }
    drreg_restore_all(drcontext, list, instruction);
    own.current = -1;
  } else if (own.current >= 0) {
    instrument(drcontext, list, instruction, instruction, for_trace, translating);
  }
  return DR_EMIT_DEFAULT;
}

dr_emit_flags_t on_end(void* drcontext, void*, instrlist_t*, bool, bool) {
  free_pass(drcontext);
  return DR_EMIT_DEFAULT;
}

}  // namespace

instr_t* make_mark(void* drcontext, Mark mark, size_t index) {
  instr_t* const label = INSTR_CREATE_label(drcontext);
  instr_set_meta(label);
  instr_set_note(label, reinterpret_cast<void*>(first_note() + static_cast<ptr_uint_t>(mark)));
  instr_get_label_data_area(label)->data[0] = index;
  return label;
}

bool is_mark(instr_t* instruction, Mark mark, size_t* index) {
  if (instruction == nullptr || !instr_is_label(instruction)) return false;
  const auto note = reinterpret_cast<ptr_uint_t>(instr_get_note(instruction));
  if (note != first_note() + static_cast<ptr_uint_t>(mark)) return false;
  if (index != nullptr) *index = instr_get_label_data_area(instruction)->data[0];
  return true;
}

void start_events() {
  drmgr_priority_t change{sizeof(drmgr_priority_t), DRMGR_PRIORITY_APP2APP_NAME_DRBBDUP, nullptr,
                          nullptr, DRMGR_PRIORITY_APP2APP_DRBBDUP};
  drmgr_register_bb_app2app_event(&on_app2app, &change);
  drmgr_priority_t insert{sizeof(drmgr_priority_t), DRMGR_PRIORITY_INSERT_NAME_DRBBDUP, nullptr,
                          nullptr, DRMGR_PRIORITY_INSERT_DRBBDUP};
  drmgr_register_bb_instrumentation_event(&on_analysis, &on_insertion, &insert);
  drmgr_register_bb_meta_instru_event(&on_end, nullptr);
}

void stop_events() {
  drmgr_unregister_bb_app2app_event(&on_app2app);
  drmgr_unregister_bb_instrumentation_event(&on_analysis);
  drmgr_unregister_bb_meta_instru_event(&on_end);
}

}  // namespace weft::dynamorio::drbbdup

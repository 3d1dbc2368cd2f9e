// Lists of instructions.
#include <cstdlib>
#include <new>
#include <unordered_map>

#include "dr_ir_instrlist.h"
#include "dr_ir_utils.h"
#include "ir/instruction.h"

using namespace weft::dynamorio;

namespace {

// What the list gives to instructions that come in.
void adopt(instrlist_t* ilist, instr_t* instr) {
  if (ilist->translation_target != nullptr && instr_get_translation(instr) == nullptr) {
    instr_set_translation(instr, ilist->translation_target);
  }
  if (ilist->auto_predicate != DR_PRED_NONE && !instr_is_label(instr)) {
    instr_set_predicate(instr, ilist->auto_predicate);
  }
}

// Adopts instr and those linked behind it; returns the last.
instr_t* adopt_all(instrlist_t* ilist, instr_t* instr) {
  for (;; instr = instr->next) {
    adopt(ilist, instr);
    if (instr->next == nullptr) return instr;
  }
}

// Links [first, last] in between before and behind, either of which may be missing.
void link_between(instrlist_t* ilist, instr_t* before, instr_t* first, instr_t* last,
                  instr_t* behind) {
  first->prev = before;
  last->next = behind;
  (before != nullptr ? before->next : ilist->first) = first;
  (behind != nullptr ? behind->prev : ilist->last) = last;
}

opnd_t renamed(opnd_t opnd, const std::unordered_map<instr_t*, instr_t*>& copies) {
  const auto copy = copies.find(opnd_get_instr(opnd));
  if (copy != copies.end()) opnd.value.instr = copy->second;
  return opnd;
}

}  // namespace

instrlist_t* instrlist_create(void*) {
  auto* const ilist = static_cast<instrlist_t*>(std::malloc(sizeof(instrlist_t)));
  if (ilist == nullptr) throw std::bad_alloc();
  instrlist_init(ilist);
  return ilist;
}

void instrlist_init(instrlist_t* ilist) { *ilist = instrlist_t{}; }
void instrlist_destroy(void*, instrlist_t* ilist) { std::free(ilist); }

void instrlist_clear(void* drcontext, instrlist_t* ilist) {
  while (ilist->first != nullptr) {
    instr_t* const instr = ilist->first;
    instrlist_remove(ilist, instr);
    instr_destroy(drcontext, instr);
  }
}

void instrlist_clear_and_destroy(void* drcontext, instrlist_t* ilist) {
  instrlist_clear(drcontext, ilist);
  instrlist_destroy(drcontext, ilist);
}

void instrlist_set_translation_target(instrlist_t* ilist, app_pc pc) {
  ilist->translation_target = pc;
}
app_pc instrlist_get_translation_target(instrlist_t* ilist) { return ilist->translation_target; }
void instrlist_set_auto_predicate(instrlist_t* ilist, dr_pred_type_t pred) {
  ilist->auto_predicate = pred;
}
dr_pred_type_t instrlist_get_auto_predicate(instrlist_t* ilist) { return ilist->auto_predicate; }

instr_t* instrlist_first(instrlist_t* ilist) { return ilist->first; }
instr_t* instrlist_last(instrlist_t* ilist) { return ilist->last; }

instr_t* instrlist_first_app(instrlist_t* ilist) {
  instr_t* const first = ilist->first;
  return first == nullptr || instr_is_app(first) ? first : instr_get_next_app(first);
}

instr_t* instrlist_first_nonlabel(instrlist_t* ilist) {
  instr_t* instr = ilist->first;
  while (instr != nullptr && instr_is_label(instr)) instr = instr->next;
  return instr;
}

instr_t* instrlist_last_app(instrlist_t* ilist) {
  instr_t* const last = ilist->last;
  return last == nullptr || instr_is_app(last) ? last : instr_get_prev_app(last);
}

void instrlist_cut(instrlist_t* ilist, instr_t* instr) {
  ilist->last = instr->prev;
  (instr->prev != nullptr ? instr->prev->next : ilist->first) = nullptr;
  instr->prev = nullptr;
}

void instrlist_append(instrlist_t* ilist, instr_t* instr) {
  link_between(ilist, ilist->last, instr, adopt_all(ilist, instr), nullptr);
}

void instrlist_prepend(instrlist_t* ilist, instr_t* instr) {
  link_between(ilist, nullptr, instr, adopt_all(ilist, instr), ilist->first);
}

void instrlist_append_instrlist(void* drcontext, instrlist_t* ilist, instrlist_t* appendee) {
  if (appendee->first != nullptr) instrlist_append(ilist, appendee->first);
  instrlist_destroy(drcontext, appendee);
}

instrlist_t* instrlist_clone(void* drcontext, instrlist_t* old) {
  instrlist_t* const ilist = instrlist_create(drcontext);
  std::unordered_map<instr_t*, instr_t*> copies;
  for (instr_t* instr = old->first; instr != nullptr; instr = instr->next) {
    instr_t* const copy = instr_clone(drcontext, instr);
    copies.emplace(instr, copy);
    instrlist_append(ilist, copy);
  }
  for (instr_t* instr = ilist->first; instr != nullptr; instr = instr->next) {
    if (!has(instr, kOperandsValid) || instr_is_label(instr)) continue;
    for (int i = 0; i < instr->num_dsts + instr->num_srcs; ++i) {
      operands_of(instr)[i] = renamed(operands_of(instr)[i], copies);
    }
  }
  ilist->fall_through = old->fall_through;
  ilist->return_target = old->return_target;
  return ilist;
}

void instrlist_preinsert(instrlist_t* ilist, instr_t* where, instr_t* instr) {
  instr_t* const before = where != nullptr ? where->prev : ilist->last;
  link_between(ilist, before, instr, adopt_all(ilist, instr), where);
}

void instrlist_postinsert(instrlist_t* ilist, instr_t* where, instr_t* instr) {
  instr_t* const behind = where != nullptr ? where->next : ilist->first;
  link_between(ilist, where, instr, adopt_all(ilist, instr), behind);
}

instr_t* instrlist_replace(instrlist_t* ilist, instr_t* oldinst, instr_t* newinst) {
  instr_t* const before = oldinst->prev;
  instr_t* const behind = oldinst->next;
  instrlist_remove(ilist, oldinst);
  link_between(ilist, before, newinst, adopt_all(ilist, newinst), behind);
  return oldinst;
}

void instrlist_remove(instrlist_t* ilist, instr_t* instr) {
  (instr->prev != nullptr ? instr->prev->next : ilist->first) = instr->next;
  (instr->next != nullptr ? instr->next->prev : ilist->last) = instr->prev;
  instr->prev = nullptr;
  instr->next = nullptr;
}

bool instrlist_set_fall_through_target(instrlist_t* bb, app_pc target) {
  bb->fall_through = target;
  return true;
}
app_pc instrlist_get_fall_through_target(instrlist_t* bb) { return bb->fall_through; }

bool instrlist_set_return_target(instrlist_t* bb, app_pc target) {
  bb->return_target = target;
  return true;
}
app_pc instrlist_get_return_target(instrlist_t* bb) { return bb->return_target; }

void instrlist_meta_preinsert(instrlist_t* ilist, instr_t* where, instr_t* instr) {
  instr_set_meta(instr);
  instrlist_preinsert(ilist, where, instr);
}

void instrlist_meta_postinsert(instrlist_t* ilist, instr_t* where, instr_t* instr) {
  instr_set_meta(instr);
  instrlist_postinsert(ilist, where, instr);
}

void instrlist_meta_append(instrlist_t* ilist, instr_t* instr) {
  instr_set_meta(instr);
  instrlist_append(ilist, instr);
}

void instrlist_meta_fault_preinsert(instrlist_t* ilist, instr_t* where, instr_t* instr) {
  instr_set_meta_may_fault(instr, true);
  instrlist_preinsert(ilist, where, instr);
}

void instrlist_meta_fault_postinsert(instrlist_t* ilist, instr_t* where, instr_t* instr) {
  instr_set_meta_may_fault(instr, true);
  instrlist_postinsert(ilist, where, instr);
}

void instrlist_meta_fault_append(instrlist_t* ilist, instr_t* instr) {
  instr_set_meta_may_fault(instr, true);
  instrlist_append(ilist, instr);
}

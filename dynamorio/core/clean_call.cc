#include "core/clean_call.h"

#include <cstdarg>
#include <deque>
#include <memory>
#include <mutex>

#include "core/inserted_code.h"
#include "core/room.h"

namespace weft::dynamorio {
namespace {

/// The note of labels that stand for calls; no range of notes that clients are given reaches it.
void* const kCallNote = reinterpret_cast<void*>(~uint64_t{0} - 0x1000);

/// Records by what they say: blocks that call the same with the same share one, so there are no
/// more of them than places in the clients' code, times operands.
struct Records {
  std::mutex mutex;
  std::deque<CallRecord> all;  ///< under mutex; addresses are stable
};

Records& records() {
  static Records records;
  return records;
}

std::vector<opnd_t> operands(uint count, va_list list) {
  std::vector<opnd_t> result;
  for (uint i = 0; i < count; ++i) result.push_back(va_arg(list, opnd_t));
  return result;
}

}  // namespace

const CallRecord* call_at(instr_t* label) {
  if (!instr_is_label(label) || instr_get_note(label) != kCallNote) return nullptr;
  return reinterpret_cast<const CallRecord*>(instr_get_label_data_area(label)->data[0]);
}

void insert_call(void* drcontext, instrlist_t* list, instr_t* where, CallRecord record) {
  instr_t* const label = INSTR_CREATE_label(drcontext);
  instr_set_note(label, kCallNote);
  CallRecord* kept = nullptr;
  Context* const context = Context::current();
  if (context != nullptr && context->keeps_calls) {
    context->calls.push_back(std::make_unique<CallRecord>(std::move(record)));
    kept = context->calls.back().get();
  } else {
    const std::lock_guard held(records().mutex);
    kept = &records().all.emplace_back(std::move(record));
  }
  instr_get_label_data_area(label)->data[0] = reinterpret_cast<ptr_uint_t>(kept);
  add_meta(list, where, label);
}

}  // namespace weft::dynamorio

using namespace weft::dynamorio;

extern "C" {

void dr_insert_clean_call_ex_varg(void* drcontext, instrlist_t* ilist, instr_t* where, void* callee,
                                  dr_cleancall_save_t save_flags, uint num_args, opnd_t* args) {
  insert_call(drcontext, ilist, where, {callee, std::vector<opnd_t>(args, args + num_args)});
  Room::get().events().clean_call.for_each(
      [&](auto function) { function(drcontext, ilist, where, save_flags); });
}

void dr_insert_clean_call(void* drcontext, instrlist_t* ilist, instr_t* where, void* callee, bool,
                          uint num_args, ...) {
  va_list list;
  va_start(list, num_args);
  std::vector<opnd_t> arguments = operands(num_args, list);
  va_end(list);
  dr_insert_clean_call_ex_varg(drcontext, ilist, where, callee, dr_cleancall_save_t{}, num_args,
                               arguments.data());
}

void dr_insert_clean_call_ex(void* drcontext, instrlist_t* ilist, instr_t* where, void* callee,
                             dr_cleancall_save_t save_flags, uint num_args, ...) {
  va_list list;
  va_start(list, num_args);
  std::vector<opnd_t> arguments = operands(num_args, list);
  va_end(list);
  dr_insert_clean_call_ex_varg(drcontext, ilist, where, callee, save_flags, num_args,
                               arguments.data());
}

void dr_insert_call(void* drcontext, instrlist_t* ilist, instr_t* where, void* callee,
                    uint num_args, ...) {
  va_list list;
  va_start(list, num_args);
  insert_call(drcontext, ilist, where, {callee, operands(num_args, list), false});
  va_end(list);
}

bool dr_insert_call_ex(void* drcontext, instrlist_t* ilist, instr_t* where, byte*, void* callee,
                       uint num_args, ...) {
  va_list list;
  va_start(list, num_args);
  insert_call(drcontext, ilist, where, {callee, operands(num_args, list), false});
  va_end(list);
  return true;
}

// A call keeps everything and has a stack of its own.
void dr_swap_to_clean_stack(void*, instrlist_t*, instr_t*) {}
void dr_restore_app_stack(void*, instrlist_t*, instr_t*) {}

void* dr_call_on_clean_stack(void*, void* (*func)(), void* arg1, void* arg2, void* arg3, void* arg4,
                             void* arg5, void* arg6, void* arg7, void* arg8) {
  // Whoever can call this is on the runtime's stack.
  using Eight = void* (*)(void*, void*, void*, void*, void*, void*, void*, void*);
  return reinterpret_cast<Eight>(reinterpret_cast<generic_func_t>(func))(arg1, arg2, arg3, arg4,
                                                                         arg5, arg6, arg7, arg8);
}

}  // extern "C"

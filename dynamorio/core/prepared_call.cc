#include "core/prepared_call.h"

#include <vector>

#include "core/clean_call.h"
#include "core/context.h"
#include "core/inserted_code.h"
#include "core/machine_context.h"
#include "core/room.h"

namespace weft::dynamorio {
namespace {

/// Of the label at which a client begins a call by hand.
void* const kPreparedNote = reinterpret_cast<void*>(~uint64_t{0} - 0x1001);

constexpr std::array<reg_id_t, 6> kArguments = {DR_REG_XDI, DR_REG_XSI, DR_REG_XDX,
                                                DR_REG_XCX, DR_REG_R8,  DR_REG_R9};

void keep_state() {
  Context& context = *Context::current();
  if (context.prepared == nullptr) context.prepared = std::make_unique<Prepared>();
  Prepared& prepared = *context.prepared;
  CallContext& program = context.thread->context();
  prepared.state.size = sizeof prepared.state;
  prepared.state.flags = static_cast<dr_mcontext_flags_t>(DR_MC_INTEGER | DR_MC_CONTROL);
  read_context(program, prepared.state);
  // What is pushed must not go below the program's stack pointer.
  program.set(Register::kRsp,
              reinterpret_cast<uint64_t>(prepared.stack.data() + prepared.stack.size()));
}

void give_state_back() {
  const Context& context = *Context::current();
  write_context(context.prepared->state, context.thread->context());
}

/// The client's code behind the call finds the result where it expects it.
void call_by_hand(uint64_t (*function)(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t),
                  uint64_t first, uint64_t second, uint64_t third, uint64_t fourth, uint64_t fifth,
                  uint64_t sixth) {
  const uint64_t result = function(first, second, third, fourth, fifth, sixth);
  Context::current()->thread->context().set(Register::kRax, result);
}

bool begins_call(instr_t* instruction) {
  return instr_is_label(instruction) && instr_get_note(instruction) == kPreparedNote;
}

/// Where a meta call leads if it is a direct one; null: it is something else.
void* called_by(instr_t* instruction) {
  if (instr_is_app(instruction) || !instr_is_call_direct(instruction)) return nullptr;
  const opnd_t target = instr_get_target(instruction);
  return opnd_is_pc(target) ? opnd_get_pc(target) : nullptr;
}

/// The label from which the call is prepared that ends in front of `where`; null: there is none.
instr_t* start_of_call(instrlist_t* list, instr_t* where) {
  instr_t* each = where != nullptr ? instr_get_prev(where) : instrlist_last(list);
  while (each != nullptr && !begins_call(each)) each = instr_get_prev(each);
  return each;
}

}  // namespace
}  // namespace weft::dynamorio

using namespace weft::dynamorio;

extern "C" {

uint dr_prepare_for_call(void* drcontext, instrlist_t* ilist, instr_t* instr) {
  instr_t* const label = INSTR_CREATE_label(drcontext);
  instr_set_note(label, kPreparedNote);
  add_meta(ilist, instr, label);
  return 0;
}

// The client's own call would have the program's stack and fs: it becomes a clean call. Where
// nothing else stands beside it, all that is to be kept the clean call keeps.
void dr_cleanup_after_call(void* drcontext, instrlist_t* ilist, instr_t* where, uint) {
  instr_t* const start = start_of_call(ilist, where);
  if (start == nullptr) return;
  instr_set_note(start, nullptr);
  bool is_alone = true;
  for (instr_t* each = instr_get_next(start); each != where; each = instr_get_next(each)) {
    is_alone &= instr_is_label(each) || called_by(each) != nullptr;
  }
  for (instr_t* each = instr_get_next(start); each != where;) {
    instr_t* const next = instr_get_next(each);
    if (void* const function = called_by(each)) {
      CallRecord record;
      if (!is_alone) record.arguments.push_back(OPND_CREATE_INTPTR(function));
      for (const reg_id_t reg : kArguments) record.arguments.push_back(opnd_create_reg(reg));
      record.function = is_alone ? function : reinterpret_cast<void*>(call_by_hand);
      insert_call(drcontext, ilist, each, std::move(record));
      take_out(drcontext, ilist, each);
    }
    each = next;
  }
  if (is_alone) return;
  insert_call(drcontext, ilist, start, {reinterpret_cast<void*>(keep_state), {}});
  insert_call(drcontext, ilist, where, {reinterpret_cast<void*>(give_state_back), {}});
}

}  // extern "C"

// The choice at a block's start: without flags, by rcx, which is put back at each case.
#include <limits>

#include "core/clean_call.h"
#include "core/context.h"
#include "core/inserted_code.h"
#include "core/register_homes.h"
#include "core/room.h"
#include "ext/drbbdup/cases.h"

namespace weft::dynamorio::drbbdup {
namespace {

constexpr dr_spill_slot_t kCounterSlot = SPILL_SLOT_MAX;
constexpr dr_spill_slot_t kOtherSlot = static_cast<dr_spill_slot_t>(SPILL_SLOT_MAX - 1);

void note_counter(void* drcontext, instrlist_t* list, instr_t* where, bool saved) {
  Homes homes;
  if (saved) homes.slots[DR_REG_RCX - DR_REG_START_GPR] = Room::get().slots().spill(kCounterSlot);
  note_homes(drcontext, list, where, homes);
}

/// rcx -= distance, without flags.
void subtract(void* drcontext, instrlist_t* list, instr_t* where, uintptr_t distance) {
  const auto amount = static_cast<int64>(0 - distance);
  const opnd_t counter = opnd_create_reg(DR_REG_XCX);
  const bool fits =
      amount >= std::numeric_limits<int>::min() && amount <= std::numeric_limits<int>::max();
  if (fits) {
    add_meta(list, where,
             INSTR_CREATE_lea(
                 drcontext, counter,
                 OPND_CREATE_MEM_lea(DR_REG_XCX, DR_REG_NULL, 0, static_cast<int>(amount))));
    return;
  }
  dr_save_reg(drcontext, list, where, DR_REG_XAX, kOtherSlot);
  instrlist_insert_mov_immed_ptrsz(drcontext, amount, opnd_create_reg(DR_REG_XAX), list, where,
                                   nullptr, nullptr);
  add_meta(list, where,
           INSTR_CREATE_lea(drcontext, counter, OPND_CREATE_MEM_lea(DR_REG_XCX, DR_REG_XAX, 1, 0)));
  dr_restore_reg(drcontext, list, where, DR_REG_XAX, kOtherSlot);
}

/// On a clean call: a new value may become a case, and the block is entered again with it.
void look_out(void* tag, uintptr_t encoding) {
  Manager& all = *manager();
  const drbbdup_options_t& options = all.options;
  const unsigned threshold = options.hit_threshold == 0 ? 1 : options.hit_threshold;
  void* const drcontext = Context::current();
  bool goes_on = true;
  if (options.allow_gen != nullptr &&
      !options.allow_gen(drcontext, tag, nullptr, encoding, &goes_on, options.user_data)) {
    ++all.counts.refused;
    return;
  }
  bool ends = !goes_on;
  if (!all.dynamic.met(tag, encoding, threshold, options.non_default_case_limit, ends)) return;
  ++all.counts.generated;
  Room::get().process().code().delete_fragment(reinterpret_cast<Address>(tag));
  CallContext& context = Context::current()->thread->context();
  context.redirect(reinterpret_cast<Address>(tag));
  context.leave_call();
}

}  // namespace

void insert_choice(void* drcontext, instrlist_t* list, instr_t* where, const Pass& pass,
                   const std::vector<instr_t*>& starts) {
  dr_save_reg(drcontext, list, where, DR_REG_XCX, kCounterSlot);
  note_counter(drcontext, list, where, true);
  const opnd_t word = manager()->options.runtime_case_opnd;
  const opnd_t counter = opnd_create_reg(DR_REG_XCX);
  const bool narrow = opnd_size_in_bytes(opnd_get_size(word)) == 4;
  add_meta(list, where,
           XINST_CREATE_load(drcontext, narrow ? opnd_create_reg(DR_REG_ECX) : counter, word));
  uintptr_t subtracted = 0;
  const size_t count = pass.cases.others.size();
  for (size_t i = 0; i < count; ++i) {
    subtract(drcontext, list, where, pass.encoding(i) - subtracted);
    subtracted = pass.encoding(i);
    add_meta(list, where, INSTR_CREATE_jecxz(drcontext, opnd_create_instr(starts[i])));
  }
  add_meta(list, where, INSTR_CREATE_jmp(drcontext, opnd_create_instr(starts[count])));
}

void insert_arrival(void* drcontext, instrlist_t* list, instr_t* where) {
  dr_restore_reg(drcontext, list, where, DR_REG_XCX, kCounterSlot);
  note_counter(drcontext, list, where, false);
}

void insert_lookout(void* drcontext, instrlist_t* list, instr_t* where, const Pass& pass) {
  insert_call(drcontext, list, where,
              {reinterpret_cast<void*>(&look_out),
               {OPND_CREATE_INTPTR(reinterpret_cast<ptr_int_t>(pass.tag)),
                manager()->options.runtime_case_opnd},
               false});
}

}  // namespace weft::dynamorio::drbbdup

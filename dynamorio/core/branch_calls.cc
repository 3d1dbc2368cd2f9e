// Calls of a client's function at branches, with what the branch is about to do.
#include "core/clean_call.h"
#include "core/inserted_code.h"

using namespace weft::dynamorio;

namespace {

using Taken = void (*)(app_pc, app_pc, int);
using TakenWithData = void (*)(app_pc, app_pc, app_pc, int, void*);

/// Whether the branch `opcode` is taken with these flags and this rcx.
bool is_taken(int opcode, reg_t flags, reg_t rcx) {
  const bool zero = (flags & EFLAGS_ZF) != 0;
  switch (opcode) {
    case OP_jecxz:
      return rcx == 0;
    case OP_loop:
      return rcx != 1;
    case OP_loope:
      return rcx != 1 && zero;
    case OP_loopne:
      return rcx != 1 && !zero;
    default:
      break;
  }
  instr_noalloc_t room;
  instr_noalloc_init(nullptr, &room);
  instr_t* const jump = instr_from_noalloc(&room);
  instr_set_opcode(jump, opcode);
  return instr_jcc_taken(jump, flags);
}

/// The first arguments are the client's function and the branch's opcode; rcx is as wide as the
/// branch looks at it.
void tell(Taken function, int opcode, app_pc branch, app_pc target, reg_t rcx, reg_t flags) {
  function(branch, target, is_taken(opcode, flags, rcx) ? 1 : 0);
}

void tell_more(TakenWithData function, int opcode, app_pc branch, app_pc target, app_pc next,
               void* data, reg_t rcx, reg_t flags) {
  function(branch, target, next, is_taken(opcode, flags, rcx) ? 1 : 0, data);
}

opnd_t number(const void* pointer) {
  return OPND_CREATE_INTPTR(reinterpret_cast<ptr_int_t>(pointer));
}

app_pc target_of(instr_t* branch) {
  const opnd_t target = instr_get_target(branch);
  return opnd_is_pc(target) ? opnd_get_pc(target) : nullptr;
}

opnd_t counter_of(instr_t* branch) {
  // With an address-size prefix it is ecx that counts.
  return opnd_create_reg(instr_reads_from_exact_reg(branch, DR_REG_ECX, DR_QUERY_INCLUDE_ALL)
                             ? DR_REG_ECX
                             : DR_REG_RCX);
}

}  // namespace

extern "C" {

void dr_insert_call_instrumentation(void* drcontext, instrlist_t* ilist, instr_t* instr,
                                    void* callee) {
  if (!instr_is_call_direct(instr)) {
    return dr_insert_mbr_instrumentation(drcontext, ilist, instr, callee, SPILL_SLOT_1);
  }
  dr_insert_clean_call(drcontext, ilist, instr, callee, false, 2, number(instr_get_app_pc(instr)),
                       number(target_of(instr)));
}

void dr_insert_ubr_instrumentation(void* drcontext, instrlist_t* ilist, instr_t* instr,
                                   void* callee) {
  dr_insert_clean_call(drcontext, ilist, instr, callee, false, 2, number(instr_get_app_pc(instr)),
                       number(target_of(instr)));
}

void dr_insert_mbr_instrumentation(void* drcontext, instrlist_t* ilist, instr_t* instr,
                                   void* callee, dr_spill_slot_t) {
  opnd_t target =
      instr_is_return(instr) ? OPND_CREATE_MEMPTR(DR_REG_XSP, 0) : instr_get_target(instr);
  // Of a far branch's pointer, the part that is no segment.
  if (opnd_is_memory_reference(target)) opnd_set_size(&target, OPSZ_PTR);
  dr_insert_clean_call(drcontext, ilist, instr, callee, false, 2, number(instr_get_app_pc(instr)),
                       target);
}

void dr_insert_cbr_instrumentation(void* drcontext, instrlist_t* ilist, instr_t* instr,
                                   void* callee) {
  insert_call(drcontext, ilist, instr,
              {reinterpret_cast<void*>(&tell),
               {number(callee), OPND_CREATE_INT32(instr_get_opcode(instr)),
                number(instr_get_app_pc(instr)), number(target_of(instr)), counter_of(instr)},
               true});
}

void dr_insert_cbr_instrumentation_ex(void* drcontext, instrlist_t* ilist, instr_t* instr,
                                      void* callee, opnd_t user_data) {
  const app_pc pc = instr_get_app_pc(instr);
  const app_pc next = pc + instr_length(drcontext, instr);
  if (opnd_is_null(user_data)) user_data = OPND_CREATE_INTPTR(0);
  insert_call(drcontext, ilist, instr,
              {reinterpret_cast<void*>(&tell_more),
               {number(callee), OPND_CREATE_INT32(instr_get_opcode(instr)), number(pc),
                number(target_of(instr)), number(next), user_data, counter_of(instr)},
               true});
}

// Nothing runs behind a return that could still do it.
bool dr_clobber_retaddr_after_read(void*, instrlist_t*, instr_t*, ptr_uint_t) { return false; }

}  // extern "C"

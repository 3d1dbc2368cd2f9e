// Repeated string instructions, one repetition at a time.
#include "core/inserted_code.h"
#include "drutil.h"

namespace {

bool is_counter(opnd_t operand) {
  return opnd_is_reg(operand) && reg_to_pointer_sized(opnd_get_reg(operand)) == DR_REG_XCX;
}

/// The opcode without its repetition; OP_INVALID for others.
int single_opcode(int repeated) {
  switch (repeated) {
    case OP_rep_movs:
      return OP_movs;
    case OP_rep_stos:
      return OP_stos;
    case OP_rep_lods:
      return OP_lods;
    case OP_rep_cmps:
    case OP_repne_cmps:
      return OP_cmps;
    case OP_rep_scas:
    case OP_repne_scas:
      return OP_scas;
    case OP_rep_ins:
      return OP_ins;
    case OP_rep_outs:
      return OP_outs;
    default:
      return OP_INVALID;
  }
}

/// What ends a loop by its flags: loope, loopne; or loop.
int loop_opcode(int repeated) {
  switch (repeated) {
    case OP_rep_cmps:
    case OP_rep_scas:
      return OP_loope;
    case OP_repne_cmps:
    case OP_repne_scas:
      return OP_loopne;
    default:
      return OP_loop;
  }
}

/// The same operands but for the counter.
instr_t* single(void* drcontext, instr_t* repeated) {
  instr_t* const made = instr_build(drcontext, single_opcode(instr_get_opcode(repeated)),
                                    instr_num_dsts(repeated) - 1, instr_num_srcs(repeated) - 1);
  uint to = 0;
  for (uint i = 0; i < static_cast<uint>(instr_num_dsts(repeated)); ++i) {
    const opnd_t operand = instr_get_dst(repeated, i);
    if (!is_counter(operand)) instr_set_dst(made, to++, operand);
  }
  to = 0;
  for (uint i = 0; i < static_cast<uint>(instr_num_srcs(repeated)); ++i) {
    const opnd_t operand = instr_get_src(repeated, i);
    if (!is_counter(operand)) instr_set_src(made, to++, operand);
  }
  return made;
}

/// With a 32-bit counter the instruction has an address-size prefix.
bool has_narrow_counter(instr_t* repeated) {
  return instr_reads_from_exact_reg(repeated, DR_REG_ECX, DR_QUERY_INCLUDE_ALL);
}

class Expansion {
 public:
  Expansion(void* drcontext, instrlist_t* list, instr_t* repeated)
      : drcontext_(drcontext), list_(list), repeated_(repeated) {}

  instr_t* run() {
    const app_pc pc = instr_get_app_pc(repeated_);
    instr_t* const zero = INSTR_CREATE_label(drcontext_);
    instr_t* const repetition = INSTR_CREATE_label(drcontext_);
    instr_t* const at_loop = INSTR_CREATE_label(drcontext_);
    mark_start(pc);
    add(INSTR_CREATE_jecxz(drcontext_, opnd_create_instr(zero)));
    add(INSTR_CREATE_jmp(drcontext_, opnd_create_instr(repetition)));
    add_label(zero);
    // The loop then takes its one to nothing, and is left.
    add(INSTR_CREATE_mov_imm(drcontext_, opnd_create_reg(DR_REG_ECX), OPND_CREATE_INT32(1)));
    add(INSTR_CREATE_jmp(drcontext_, opnd_create_instr(at_loop)));
    add_label(repetition);
    instr_t* const body = single(drcontext_, repeated_);
    add(body);
    add_label(at_loop);
    // Its next round is the block's next run.
    add(loop(pc));
    instrlist_remove(list_, repeated_);
    return body;
  }

 private:
  void mark_start(app_pc pc) {
    emulated_instr_t emulated{};
    emulated.size = sizeof emulated;
    emulated.pc = pc;
    emulated.instr = repeated_;
    // The operands are those of what stands for it.
    emulated.flags =
        static_cast<dr_emulate_options_t>(DR_EMULATE_REST_OF_BLOCK | DR_EMULATE_INSTR_ONLY);
    drmgr_insert_emulation_start(drcontext_, list_, repeated_, &emulated);
  }

  void add(instr_t* instruction) {
    instr_set_translation(instruction, instr_get_app_pc(repeated_));
    instrlist_preinsert(list_, repeated_, instruction);
  }

  void add_label(instr_t* label) { weft::dynamorio::add_meta(list_, repeated_, label); }

  instr_t* loop(app_pc pc) const {
    instr_t* const made = INSTR_CREATE_loop(drcontext_, opnd_create_pc(pc));
    instr_set_opcode(made, loop_opcode(instr_get_opcode(repeated_)));
    return made;
  }

  void* drcontext_;
  instrlist_t* list_;
  instr_t* repeated_;
};

}  // namespace

extern "C" {

bool drutil_instr_is_stringop_loop(instr_t* inst) {
  return !instr_is_label(inst) && single_opcode(instr_get_opcode(inst)) != OP_INVALID;
}

bool drutil_expand_rep_string_ex(void* drcontext, instrlist_t* bb, bool* expanded,
                                 instr_t** stringop) {
  if (drmgr_current_bb_phase(drcontext) != DRMGR_PHASE_APP2APP) return false;
  if (expanded != nullptr) *expanded = false;
  if (stringop != nullptr) *stringop = nullptr;
  instr_t* found = instrlist_first_app(bb);
  bool first = true;
  while (found != nullptr && !drutil_instr_is_stringop_loop(found)) {
    first = false;
    found = instr_get_next_app(found);
  }
  if (found == nullptr || has_narrow_counter(found)) return true;
  // A loop of its own is a block of its own: what stands before it ends here, what follows is the
  // next block's.
  instr_t* next = nullptr;
  for (instr_t* each = first ? instr_get_next(found) : found; each != nullptr; each = next) {
    next = instr_get_next(each);
    instrlist_remove(bb, each);
    instr_destroy(drcontext, each);
  }
  if (!first) return true;
  instr_t* const body = Expansion(drcontext, bb, found).run();
  if (expanded != nullptr) *expanded = true;
  if (stringop != nullptr) *stringop = body;
  return true;
}

bool drutil_expand_rep_string(void* drcontext, instrlist_t* bb) {
  return drutil_expand_rep_string_ex(drcontext, bb, nullptr, nullptr);
}

}  // extern "C"

// Flags that instructions read and write, and conditions on them.
#include "dr_ir_opcodes.h"
#include "ir/instruction.h"
#include "ir/opcode.h"

namespace weft::dynamorio {

// Conditions of jumps and moves; setcc always writes. COMPLEX: what is written depends on more than
// flags.
int predicate_of(int opcode) {
  if (opcode >= OP_jo && opcode <= OP_jnle) return DR_PRED_O + (opcode - OP_jo);
  if (opcode >= OP_jo_short && opcode <= OP_jnle_short) return DR_PRED_O + (opcode - OP_jo_short);
  if (opcode >= OP_cmovo && opcode <= OP_cmovnle) return DR_PRED_O + (opcode - OP_cmovo);
  switch (opcode) {
    case OP_fcmovb:
      return DR_PRED_B;
    case OP_fcmove:
      return DR_PRED_EQ;
    case OP_fcmovbe:
      return DR_PRED_BE;
    case OP_fcmovu:
      return DR_PRED_P;
    case OP_fcmovnb:
      return DR_PRED_NB;
    case OP_fcmovne:
      return DR_PRED_NE;
    case OP_fcmovnbe:
      return DR_PRED_NBE;
    case OP_fcmovnu:
      return DR_PRED_NP;
    case OP_maskmovq:
    case OP_maskmovdqu:
    case OP_vmaskmovdqu:
    case OP_bsf:
    case OP_bsr:
    case OP_rep_ins:
    case OP_rep_outs:
    case OP_rep_movs:
    case OP_rep_stos:
    case OP_rep_lods:
    case OP_rep_cmps:
    case OP_repne_cmps:
    case OP_rep_scas:
    case OP_repne_scas:
      return DR_PRED_COMPLEX;
    default:
      return DR_PRED_NONE;
  }
}

}  // namespace weft::dynamorio

using namespace weft::dynamorio;

uint instr_get_eflags(instr_t* instr, dr_opnd_query_flags_t flags) {
  know_opcode(instr);
  uint usage = has(instr, kEflagsValid) ? instr->eflags
                                        : instr_get_opcode_eflags(static_cast<int>(instr->opcode));
  if (!instr_is_predicated(instr)) return usage;
  if ((flags & DR_QUERY_INCLUDE_COND_SRCS) == 0) usage &= ~static_cast<uint>(EFLAGS_READ_NON_PRED);
  if ((flags & DR_QUERY_INCLUDE_COND_DSTS) == 0) usage &= ~static_cast<uint>(EFLAGS_WRITE_ALL);
  return usage;
}

uint instr_get_arith_flags(instr_t* instr, dr_opnd_query_flags_t flags) {
  return instr_get_eflags(instr, flags) & (EFLAGS_READ_6 | EFLAGS_WRITE_6);
}

uint instr_get_opcode_eflags(int opcode) { return row_of(opcode).eflags; }

const char* instr_predicate_name(dr_pred_type_t pred) {
  static constexpr const char* kNames[] = {"none", "o",  "no",  "b",  "nb",  "z",
                                           "nz",   "be", "nbe", "s",  "ns",  "p",
                                           "np",   "l",  "nl",  "le", "nle", "complex"};
  return pred >= DR_PRED_NONE && pred <= DR_PRED_COMPLEX ? kNames[pred] : nullptr;
}

// Conditions come in pairs.
dr_pred_type_t instr_invert_predicate(dr_pred_type_t pred) {
  if (!(pred >= DR_PRED_O && pred <= DR_PRED_NLE)) return DR_PRED_NONE;
  return static_cast<dr_pred_type_t>(((pred - DR_PRED_O) ^ 1) + DR_PRED_O);
}

bool instr_predicate_is_cond(dr_pred_type_t pred) { return pred != DR_PRED_NONE; }

namespace {

bool holds(int condition, reg_t eflags) {
  const auto flag = [&](reg_t bit) { return (eflags & bit) != 0; };
  const auto base = [&] {
    switch (condition >> 1) {
      case 0:
        return flag(EFLAGS_OF);
      case 1:
        return flag(EFLAGS_CF);
      case 2:
        return flag(EFLAGS_ZF);
      case 3:
        return flag(EFLAGS_CF) || flag(EFLAGS_ZF);
      case 4:
        return flag(EFLAGS_SF);
      case 5:
        return flag(EFLAGS_PF);
      case 6:
        return flag(EFLAGS_SF) != flag(EFLAGS_OF);
      default:
        return flag(EFLAGS_ZF) || flag(EFLAGS_SF) != flag(EFLAGS_OF);
    }
  };
  return base() != ((condition & 1) != 0);
}

// The number of a condition that an opcode of a group tests.
int condition_of(int opcode) {
  if (opcode >= OP_jo_short && opcode <= OP_jnle_short) return opcode - OP_jo_short;
  if (opcode >= OP_cmovo && opcode <= OP_cmovnle) return opcode - OP_cmovo;
  if (opcode >= OP_seto && opcode <= OP_setnle) return opcode - OP_seto;
  return opcode - OP_jo;
}

int inverted(int opcode) {
  switch (opcode) {
    case OP_loope:
      return OP_loopne;
    case OP_loopne:
      return OP_loope;
    default:
      break;
  }
  const int condition = condition_of(opcode);
  return opcode - condition + (condition ^ 1);
}

}  // namespace

bool instr_jcc_taken(instr_t* instr, reg_t eflags) {
  return holds(condition_of(instr_get_opcode(instr)), eflags);
}
int instr_cmovcc_to_jcc(int cmovcc_opcode) { return cmovcc_opcode - OP_cmovo + OP_jo; }
bool instr_cmovcc_triggered(instr_t* instr, reg_t eflags) {
  return holds(condition_of(instr_get_opcode(instr)), eflags);
}

dr_pred_trigger_t instr_predicate_triggered(instr_t* instr, dr_mcontext_t* mc) {
  const dr_pred_type_t pred = instr_get_predicate(instr);
  if (pred == DR_PRED_NONE) return DR_PRED_TRIGGER_NOPRED;
  if (pred >= DR_PRED_O && pred <= DR_PRED_NLE) {
    return holds(pred - DR_PRED_O, mc->xflags) ? DR_PRED_TRIGGER_MATCH : DR_PRED_TRIGGER_MISMATCH;
  }
  if (pred != DR_PRED_COMPLEX) return DR_PRED_TRIGGER_INVALID;
  const int opcode = instr_get_opcode(instr);
  const opnd_t source = instr_get_src(instr, 0);
  if ((opcode != OP_bsf && opcode != OP_bsr) || !opnd_is_reg(source))
    return DR_PRED_TRIGGER_UNKNOWN;
  return reg_get_value(opnd_get_reg(source), mc) != 0 ? DR_PRED_TRIGGER_MATCH
                                                      : DR_PRED_TRIGGER_MISMATCH;
}

// jecxz has no opposite: it is left as it is.
void instr_invert_cbr(instr_t* instr) {
  const int opcode = instr_get_opcode(instr);
  if (opcode == OP_jecxz || opcode == OP_loop) return;
  instr_set_opcode(instr, inverted(opcode));
  instr_set_predicate(instr, instr_invert_predicate(instr_get_predicate(instr)));
}

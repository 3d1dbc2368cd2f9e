// Registers and memory that an instruction reads and writes.
#include <algorithm>
#include <array>

#include "dr_ir_opcodes.h"
#include "ir/instruction.h"

using namespace weft::dynamorio;

namespace {

bool counts(instr_t* instr, dr_opnd_query_flags_t flags, dr_opnd_query_flags_t conditional) {
  return (flags & conditional) != 0 || !instr_is_predicated(instr);
}

// Operands that look like memory and are only addresses.
bool takes_address_only(int opcode) {
  return opcode == OP_lea || opcode == OP_nop_modrm || opcode == OP_bndcl || opcode == OP_bndcu ||
         opcode == OP_bndcn || opcode == OP_bndmk || opcode == OP_invlpg || opcode == OP_xabort;
}

template <typename Matches>
bool any_source(instr_t* instr, Matches matches) {
  know_operands(instr);
  return std::any_of(sources_of(instr), sources_of(instr) + instr->num_srcs, matches);
}

template <typename Matches>
bool any_destination(instr_t* instr, Matches matches) {
  know_operands(instr);
  return std::any_of(destinations_of(instr), destinations_of(instr) + instr->num_dsts, matches);
}

int index_of_relative(const opnd_t* first, int count) {
  const auto* const found = std::find_if(first, first + count, opnd_is_rel_addr);
  return found == first + count ? -1 : static_cast<int>(found - first);
}

uint count_memory(const opnd_t* first, int count) {
  return static_cast<uint>(std::count_if(first, first + count, opnd_is_memory_reference));
}

}  // namespace

// A register in an address of a destination is a source, but counts for both: clients ask what they
// may not touch.
bool instr_reg_in_dst(instr_t* instr, reg_id_t reg) {
  return any_destination(instr, [&](const opnd_t& opnd) { return opnd_uses_reg(opnd, reg); });
}

bool instr_reg_in_src(instr_t* instr, reg_id_t reg) {
  return any_source(instr, [&](const opnd_t& opnd) { return opnd_uses_reg(opnd, reg); });
}

bool instr_uses_reg(instr_t* instr, reg_id_t reg) {
  return instr_reg_in_dst(instr, reg) || instr_reg_in_src(instr, reg);
}

bool instr_uses_fp_reg(instr_t* instr) {
  const auto is_fp = [](const opnd_t& opnd) {
    return opnd_is_reg(opnd) && reg_is_fp(opnd_get_reg(opnd));
  };
  return any_destination(instr, is_fp) || any_source(instr, is_fp);
}

bool instr_writes_to_reg(instr_t* instr, reg_id_t reg, dr_opnd_query_flags_t flags) {
  if (!counts(instr, flags, DR_QUERY_INCLUDE_COND_DSTS)) return false;
  return any_destination(
      instr, [&](const opnd_t& opnd) { return opnd_is_reg(opnd) && opnd_uses_reg(opnd, reg); });
}

bool instr_reads_from_reg(instr_t* instr, reg_id_t reg, dr_opnd_query_flags_t flags) {
  if (!counts(instr, flags, DR_QUERY_INCLUDE_COND_SRCS)) return false;
  return instr_reg_in_src(instr, reg) || any_destination(instr, [&](const opnd_t& opnd) {
           return !opnd_is_reg(opnd) && opnd_uses_reg(opnd, reg);
         });
}

bool instr_writes_to_exact_reg(instr_t* instr, reg_id_t reg, dr_opnd_query_flags_t flags) {
  if (!counts(instr, flags, DR_QUERY_INCLUDE_COND_DSTS)) return false;
  return any_destination(instr, [&](const opnd_t& opnd) {
    return opnd_is_reg(opnd) && opnd_get_reg(opnd) == reg &&
           opnd_get_size(opnd) == reg_get_size(reg);
  });
}

bool instr_reads_from_exact_reg(instr_t* instr, reg_id_t reg, dr_opnd_query_flags_t flags) {
  if (!counts(instr, flags, DR_QUERY_INCLUDE_COND_SRCS)) return false;
  const auto names = [&](const opnd_t& opnd) {
    for (int i = 0; i < opnd_num_regs_used(opnd); ++i) {
      if (opnd_get_reg_used(opnd, i) == reg) return true;
    }
    return false;
  };
  return any_source(instr, names) || any_destination(instr, [&](const opnd_t& opnd) {
           return !opnd_is_reg(opnd) && names(opnd);
         });
}

bool instr_reads_memory(instr_t* instr) {
  return !takes_address_only(instr_get_opcode(instr)) &&
         any_source(instr, opnd_is_memory_reference);
}

bool instr_writes_memory(instr_t* instr) {
  return any_destination(instr, opnd_is_memory_reference);
}

uint instr_num_memory_read_access(instr_t* instr) {
  know_operands(instr);
  return takes_address_only(instr_get_opcode(instr))
             ? 0
             : count_memory(sources_of(instr), instr->num_srcs);
}

uint instr_num_memory_write_access(instr_t* instr) {
  know_operands(instr);
  return count_memory(destinations_of(instr), instr->num_dsts);
}

uint instr_memory_reference_size(instr_t* instr) {
  know_operands(instr);
  const opnd_t* const first = operands_of(instr);
  const opnd_t* const last = first + instr->num_dsts + instr->num_srcs;
  const opnd_t* const found = std::find_if(first, last, opnd_is_memory_reference);
  return found == last ? 0 : opnd_size_in_bytes(opnd_get_size(*found));
}

int instr_get_rel_addr_dst_idx(instr_t* instr) {
  know_operands(instr);
  return index_of_relative(destinations_of(instr), instr->num_dsts);
}

int instr_get_rel_addr_src_idx(instr_t* instr) {
  know_operands(instr);
  return index_of_relative(sources_of(instr), instr->num_srcs);
}

bool instr_has_rel_addr_reference(instr_t* instr) {
  return instr_get_rel_addr_target(instr, nullptr);
}

bool instr_get_rel_addr_target(instr_t* instr, app_pc* target) {
  const int destination = instr_get_rel_addr_dst_idx(instr);
  const int source = destination >= 0 ? -1 : instr_get_rel_addr_src_idx(instr);
  if (destination < 0 && source < 0) return false;
  const opnd_t opnd = destination >= 0 ? instr_get_dst(instr, static_cast<uint>(destination))
                                       : instr_get_src(instr, static_cast<uint>(source));
  if (target != nullptr) *target = static_cast<app_pc>(opnd_get_addr(opnd));
  return true;
}

bool instr_get_rel_data_or_instr_target(instr_t* instr, app_pc* target) {
  if (instr_get_rel_addr_target(instr, target)) return true;
  if (!instr_is_cti(instr) || !opnd_is_near_pc(instr_get_target(instr))) return false;
  if (target != nullptr) *target = opnd_get_pc(instr_get_target(instr));
  return true;
}

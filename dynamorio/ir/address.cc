// Addresses of memory operands.
#include <cstring>

#include "dr_ir_opcodes.h"
#include "ir/environment.h"
#include "ir/instruction.h"
#include "ir/operand.h"

using namespace weft::dynamorio;

namespace {

uint64_t segment_base_of(const opnd_t& opnd) {
  const reg_id_t segment = opnd_get_segment(opnd);
  return segment == DR_SEG_FS || segment == DR_SEG_GS ? environment().segment_base(segment) : 0;
}

uint64_t value_of(reg_id_t reg, dr_mcontext_t* mc) {
  return reg == DR_REG_NULL ? 0 : reg_get_value(reg, mc);
}

// An address register of 32 bits makes an address of 32 bits.
uint64_t wrapped(const opnd_t& opnd, uint64_t address) {
  const bool narrow = reg_is_32bit(opnd.value.mem.base) || reg_is_32bit(opnd.value.mem.index);
  return narrow ? address & 0xffffffff : address;
}

// Indices of a gather or scatter: how wide each is, and how many elements the instruction moves.
struct Elements {
  uint index_bytes;
  uint count;
  uint element_bytes;
};

Elements elements_of(instr_t* instr, const opnd_t& memory) {
  const auto opcode = static_cast<int>(instr->opcode);
  const bool quad_indices = opcode == OP_vpgatherqd || opcode == OP_vpgatherqq ||
                            opcode == OP_vgatherqps || opcode == OP_vgatherqpd ||
                            opcode == OP_vpscatterqd || opcode == OP_vpscatterqq ||
                            opcode == OP_vscatterqps || opcode == OP_vscatterqpd;
  const uint index_bytes = quad_indices ? 8 : 4;
  const uint element_bytes = opnd_size_in_bytes(opnd_get_size(memory));
  const uint by_index = opnd_size_in_bytes(reg_get_size(memory.value.mem.index)) / index_bytes;
  const opnd_t data = instr_is_gather(instr) ? instr_get_dst(instr, 0) : instr_get_src(instr, 1);
  const uint by_data = opnd_is_reg(data)
                           ? opnd_size_in_bytes(reg_get_size(opnd_get_reg(data))) / element_bytes
                           : by_index;
  return {index_bytes, by_index < by_data ? by_index : by_data, element_bytes};
}

// Whether the mask, k or vector register, lets element `number` through.
bool is_enabled(instr_t* instr, const Elements& elements, uint number, dr_mcontext_t* mc) {
  for (int i = 0; i < instr->num_srcs; ++i) {
    const reg_id_t reg = opnd_get_reg(sources_of(instr)[i]);
    if (reg_is_opmask(reg)) return ((mc->opmask[reg - DR_REG_K0] >> number) & 1) != 0;
  }
  const reg_id_t mask = opnd_get_reg(instr_get_src(instr, static_cast<uint>(instr->num_srcs - 1)));
  byte bits[sizeof(dr_zmm_t)] = {};
  if (!reg_is_vector_simd(mask) || !reg_get_value_ex(mask, mc, bits)) return true;
  return (bits[(number + 1) * elements.element_bytes - 1] & 0x80) != 0;
}

bool vsib_address(instr_t* instr, const opnd_t& memory, dr_mcontext_t* mc, uint& index,
                  app_pc* addr) {
  const Elements elements = elements_of(instr, memory);
  byte indices[sizeof(dr_zmm_t)] = {};
  if (!reg_get_value_ex(memory.value.mem.index, mc, indices)) return false;
  for (uint i = 0; i < elements.count; ++i) {
    if (!is_enabled(instr, elements, i, mc)) continue;
    if (index-- != 0) continue;
    int64_t offset = 0;
    int32_t narrow = 0;
    if (elements.index_bytes == 8) {
      std::memcpy(&offset, indices + i * 8, sizeof offset);
    } else {
      std::memcpy(&narrow, indices + i * 4, sizeof narrow);
      offset = narrow;
    }
    if (addr != nullptr) {
      *addr = reinterpret_cast<app_pc>(
          segment_base_of(memory) + value_of(memory.value.mem.base, mc) +
          static_cast<uint64_t>(offset * memory.scale + memory.value.mem.disp));
    }
    return true;
  }
  return false;
}

// The index-th memory operand of a list of them; index counts down past those that are not it.
bool find_address(instr_t* instr, const opnd_t* first, int count, dr_mcontext_t* mc, uint& index,
                  app_pc* addr, uint* pos) {
  for (int i = 0; i < count; ++i) {
    const opnd_t& opnd = first[i];
    if (!is_memory(opnd)) continue;
    if (pos != nullptr) *pos = static_cast<uint>(i);
    if (opnd_is_vsib(opnd)) {
      if (vsib_address(instr, opnd, mc, index, addr)) return true;
      continue;
    }
    if (index-- != 0) continue;
    if (addr != nullptr) *addr = opnd_compute_address(opnd, mc);
    return true;
  }
  return false;
}

}  // namespace

app_pc opnd_compute_address(opnd_t opnd, dr_mcontext_t* mc) {
  switch (kind_of(opnd)) {
    case Kind::kAbsolute:
    case Kind::kRelative:
      return static_cast<app_pc>(opnd.value.addr) + segment_base_of(opnd);
    case Kind::kMemory: {
      if (opnd_is_vsib(opnd)) return nullptr;
      const uint64_t address = value_of(opnd.value.mem.base, mc) +
                               value_of(opnd.value.mem.index, mc) * opnd.scale +
                               static_cast<uint64_t>(static_cast<int64_t>(opnd.value.mem.disp));
      return reinterpret_cast<app_pc>(wrapped(opnd, address) + segment_base_of(opnd));
    }
    default:
      return nullptr;
  }
}

bool instr_compute_address_ex_pos(instr_t* instr, dr_mcontext_t* mc, uint index, app_pc* addr,
                                  bool* write, uint* pos) {
  know_operands(instr);
  if (find_address(instr, destinations_of(instr), instr->num_dsts, mc, index, addr, pos)) {
    if (write != nullptr) *write = true;
    return true;
  }
  if (!instr_reads_memory(instr)) return false;
  if (!find_address(instr, sources_of(instr), instr->num_srcs, mc, index, addr, pos)) return false;
  if (write != nullptr) *write = false;
  return true;
}

bool instr_compute_address_ex(instr_t* instr, dr_mcontext_t* mc, uint index, app_pc* addr,
                              bool* write) {
  return instr_compute_address_ex_pos(instr, mc, index, addr, write, nullptr);
}

app_pc instr_compute_address(instr_t* instr, dr_mcontext_t* mc) {
  app_pc address = nullptr;
  return instr_compute_address_ex(instr, mc, 0, &address, nullptr) ? address : nullptr;
}

#include "ir/encode_operand.h"

#include "ir/decode.h"
#include "ir/operand.h"

namespace weft::dynamorio {
namespace {

// Where an instruction that an operand names will be, seen from instr at pc.
uint64_t address_of(const opnd_t& opnd, instr_t* instr, app_pc pc) {
  return reinterpret_cast<uint64_t>(pc) + opnd.value.instr->offset - instr->offset;
}

uint64_t low_part(uint64_t address, const opnd_t& opnd) {
  const uint bytes = opnd_size_in_bytes(opnd.size);
  address >>= opnd.aux.shift;
  return bytes >= 8 ? address : address & ((uint64_t{1} << bytes * 8) - 1);
}

int64_t sign_extended(int64_t value, uint bytes) {
  if (bytes == 0 || bytes >= 8) return value;
  const uint shift = 64 - bytes * 8;
  return static_cast<int64_t>(static_cast<uint64_t>(value) << shift) >> shift;
}

void fill_memory(const opnd_t& opnd, instr_t* instr, app_pc pc, Naming naming,
                 ZydisEncoderOperand& operand) {
  operand.type = ZYDIS_OPERAND_TYPE_MEMORY;
  operand.mem.size = static_cast<ZyanU16>(opnd_size_in_bytes(opnd.size));
  switch (kind_of(opnd)) {
    case Kind::kMemory:
      operand.mem.base = reg_of(opnd.value.mem.base);
      operand.mem.index = reg_of(opnd.value.mem.index);
      operand.mem.scale = opnd.scale;
      operand.mem.displacement = opnd.value.mem.disp;
      break;
    case Kind::kAbsolute:
    case Kind::kRelative:
      if ((kind_of(opnd) == Kind::kRelative) == (naming == Naming::kAsGiven))
        operand.mem.base = ZYDIS_REGISTER_RIP;
      operand.mem.displacement = reinterpret_cast<ZyanI64>(opnd.value.addr);
      break;
    default:
      operand.mem.base = ZYDIS_REGISTER_RIP;
      operand.mem.displacement =
          static_cast<ZyanI64>(address_of(opnd, instr, pc)) + opnd.aux.instr_disp;
      break;
  }
}

}  // namespace

bool fill(const opnd_t& opnd, instr_t* instr, app_pc pc, bool sign, Naming naming,
          ZydisEncoderOperand& operand) {
  switch (kind_of(opnd)) {
    case Kind::kReg:
      operand.type = ZYDIS_OPERAND_TYPE_REGISTER;
      operand.reg.value = reg_of(opnd.value.reg);
      return operand.reg.value != ZYDIS_REGISTER_NONE;
    case Kind::kInteger: {
      const uint bytes = opnd_size_in_bytes(opnd.size);
      operand.type = ZYDIS_OPERAND_TYPE_IMMEDIATE;
      operand.imm.s = sign_extended(opnd.value.immed_int, bytes);
      if (!sign && bytes > 0 && bytes < 8) operand.imm.u &= (uint64_t{1} << bytes * 8) - 1;
      return true;
    }
    case Kind::kPc:
      operand.type = ZYDIS_OPERAND_TYPE_IMMEDIATE;
      operand.imm.u = reinterpret_cast<uint64_t>(opnd.value.pc);
      return true;
    case Kind::kInstr:
      operand.type = ZYDIS_OPERAND_TYPE_IMMEDIATE;
      operand.imm.u = low_part(address_of(opnd, instr, pc), opnd);
      return true;
    default:
      if (!is_memory(opnd)) return false;
      fill_memory(opnd, instr, pc, naming, operand);
      return true;
  }
}

}  // namespace weft::dynamorio

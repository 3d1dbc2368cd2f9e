#include "ir/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

#include "dr_ir_opcodes.h"
#include "ir/instruction.h"
#include "ir/opcode.h"
#include "ir/operand.h"

namespace weft::dynamorio {
namespace {

std::string hexadecimal(uint64_t value, uint bytes) {
  if (bytes == 0 || bytes > 8) bytes = 8;
  if (bytes < 8) value &= (uint64_t{1} << bytes * 8) - 1;
  return fmt::format("0x{:0{}x}", value, bytes * 2);
}

std::string segment_text(reg_id_t segment) {
  return segment == DR_REG_NULL ? "" : fmt::format("%{}:", get_register_name(segment));
}

std::string displacement_text(int displacement, bool alone) {
  if (displacement == 0 && !alone) return "";
  const bool is_byte = displacement >= 0 && displacement < 0x80;
  return hexadecimal(static_cast<uint32_t>(displacement), is_byte ? 1 : 4);
}

std::string memory_text(const opnd_t& opnd) {
  const reg_id_t base = opnd_get_base(opnd);
  const reg_id_t index = opnd_get_index(opnd);
  const bool alone = base == DR_REG_NULL && index == DR_REG_NULL;
  std::string text =
      segment_text(opnd_get_segment(opnd)) + displacement_text(opnd_get_disp(opnd), alone);
  if (alone) return text;
  text += "(";
  if (base != DR_REG_NULL) text += fmt::format("%{}", get_register_name(base));
  if (index != DR_REG_NULL) text += fmt::format(",%{}", get_register_name(index));
  if (index != DR_REG_NULL && opnd_get_scale(opnd) > 1)
    text += fmt::format(",{}", opnd_get_scale(opnd));
  return text + ")";
}

// `bytes`: how wide an immediate is shown.
std::string text_of_width(const opnd_t& opnd, uint bytes) {
  switch (kind_of(opnd)) {
    case Kind::kNull:
      return "";
    case Kind::kReg:
      return fmt::format("%{}", get_register_name(opnd.value.reg));
    case Kind::kInteger:
      return "$" + hexadecimal(static_cast<uint64_t>(opnd.value.immed_int), bytes);
    case Kind::kFloat:
      return fmt::format("${:f}", opnd.value.immed_float);
    case Kind::kDouble:
      return fmt::format("${:f}", opnd.value.immed_double);
    case Kind::kPc:
      return "$" + hexadecimal(reinterpret_cast<uint64_t>(opnd.value.pc), 8);
    case Kind::kFarPc:
      return fmt::format("$0x{:04x}:{}", opnd.aux.selector,
                         hexadecimal(reinterpret_cast<uint64_t>(opnd.value.pc), 8));
    case Kind::kInstr:
    case Kind::kFarInstr:
    case Kind::kMemInstr:
      return "@" + hexadecimal(reinterpret_cast<uint64_t>(opnd.value.instr), 8);
    case Kind::kMemory:
      return memory_text(opnd);
    case Kind::kRelative:
      return "<rel> " + segment_text(opnd.aux.segment) +
             hexadecimal(reinterpret_cast<uint64_t>(opnd.value.addr), 8);
    case Kind::kAbsolute:
      return segment_text(opnd.aux.segment) +
             hexadecimal(reinterpret_cast<uint64_t>(opnd.value.addr), 8);
  }
  return "";
}

bool is_mask(const opnd_t& opnd) { return opnd_is_reg(opnd) && reg_is_opmask(opnd_get_reg(opnd)); }

// An immediate is shown as wide as the register or memory that it is combined with.
uint width_of_immediate(instr_t* instr, const opnd_t& immediate) {
  const uint own = opnd_size_in_bytes(opnd_get_size(immediate));
  const auto opcode = static_cast<int>(instr->opcode);
  if (opcode == OP_in || opcode == OP_out || opcode == OP_enter || opcode == OP_int) return own;
  uint width = own;
  for (int i = 0; i < instr->num_dsts; ++i) {
    const opnd_t& opnd = destinations_of(instr)[i];
    const bool counts = is_memory(opnd) || (opnd_is_reg(opnd) && reg_is_gpr(opnd_get_reg(opnd)));
    if (!counts) return own;
    width = std::max(width, std::min(8U, opnd_size_in_bytes(opnd_get_size(opnd))));
  }
  return width;
}

std::string operand_in(instr_t* instr, const opnd_t& opnd) {
  std::string text =
      text_of_width(opnd, opnd_is_immed_int(opnd) ? width_of_immediate(instr, opnd) : 8);
  const uint bytes = opnd_size_in_bytes(opnd_get_size(opnd));
  if (is_memory(opnd) && bytes != 0) text += fmt::format("[{}byte]", bytes);
  if (opnd_is_instr(opnd)) text += "[8byte]";
  const bool is_source_mask =
      is_mask(opnd) && row_of(static_cast<int>(instr->opcode)).shown[0] == 'v';
  return is_source_mask && opnd_same(opnd, instr_get_src(instr, 0)) ? "{" + text + "}" : text;
}

std::string prefix_text(instr_t* instr) {
  std::string text;
  if (instr_get_prefix_flag(instr, PREFIX_XACQUIRE)) text += "xacquire ";
  if (instr_get_prefix_flag(instr, PREFIX_XRELEASE)) text += "xrelease ";
  if (instr_get_prefix_flag(instr, PREFIX_LOCK)) text += "lock ";
  return text;
}

}  // namespace

std::string text_of(const opnd_t& opnd) {
  return text_of_width(opnd, opnd_is_immed_int(opnd) ? opnd_size_in_bytes(opnd_get_size(opnd)) : 8);
}

std::string arrow_text_of(instr_t* instr) {
  if (instr_is_label(instr)) {
    return fmt::format("<label note={}>", hexadecimal(reinterpret_cast<uint64_t>(instr->note), 8));
  }
  if (!know_operands(instr)) return has(instr, kRawValid) ? "<raw bits>" : "<INVALID>";
  std::string text =
      prefix_text(instr) + fmt::format("{:<6}", row_of(static_cast<int>(instr->opcode)).shown);
  for (int i = 0; i < instr->num_srcs; ++i) text += " " + operand_in(instr, sources_of(instr)[i]);
  if (instr->num_dsts > 0) text += instr->num_srcs > 0 ? " ->" : "  ->";
  for (int i = 0; i < instr->num_dsts; ++i)
    text += " " + operand_in(instr, destinations_of(instr)[i]);
  text.erase(text.find_last_not_of(' ') + 1);
  return text;
}

}  // namespace weft::dynamorio

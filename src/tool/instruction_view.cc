#include "tool/block_view.h"
#include "tool/category.h"
#include "translate/mangle.h"
#include "x86/disassembler.h"
#include "x86/names.h"

namespace weft::tool {
namespace {

Register register_of(uint8_t number) {
  return number == x86::kNoRegister ? Register::kNone : static_cast<Register>(number);
}

Operand operand_of(const x86::OperandInfo& info) {
  Operand operand;
  switch (info.kind) {
    case x86::OperandInfo::Kind::kRegister:
      operand.kind = Operand::Kind::kRegister;
      break;
    case x86::OperandInfo::Kind::kMemory:
      operand.kind = Operand::Kind::kMemory;
      break;
    case x86::OperandInfo::Kind::kImmediate:
      operand.kind = Operand::Kind::kImmediate;
      break;
    case x86::OperandInfo::Kind::kOther:
      break;
  }
  operand.read = info.read;
  operand.written = info.written;
  operand.implicit = info.implicit;
  operand.size = info.size;
  operand.reg = register_of(info.general_register);
  operand.register_name = info.register_name;
  operand.immediate = info.immediate;
  operand.base = register_of(info.memory.base);
  operand.index = register_of(info.memory.index);
  operand.scale = info.memory.scale;
  operand.displacement = info.memory.displacement;
  operand.fs = info.memory.fs;
  operand.gs = info.memory.gs;
  operand.narrow = info.memory.narrow;
  operand.vector = info.vector_index;
  operand.moved_by = register_of(info.memory.moved_by);
  operand.moved_unit = info.memory.moved_unit;
  using Kind = x86::AccessForm::Kind;
  operand.accesses = info.access.is_listed()               ? Operand::Accesses::kListed
                     : info.access.kind == Kind::kRepeated ? Operand::Accesses::kRepeated
                                                           : Operand::Accesses::kOne;
  return operand;
}

}  // namespace

ConditionCode condition_of(const x86::Insn& insn) {
  constexpr auto kLoops = static_cast<uint8_t>(ConditionCode::kLoopWhileNotEqual);
  if (insn.kind == x86::Kind::kLoop) {
    return static_cast<ConditionCode>(kLoops + x86::loop_number(insn));
  }
  if (!x86::selects_by_condition(insn) && insn.kind != x86::Kind::kCondJump)
    return ConditionCode::kNone;
  return static_cast<ConditionCode>(insn.condition());
}

InstructionKind InstructionView::kind() const {
  using x86::Kind;
  switch (at_.insn.kind) {
    case Kind::kPlain:
      return translate::needs_emulation(at_) ? InstructionKind::kOther : InstructionKind::kPlain;
    case Kind::kJump:
      return InstructionKind::kJump;
    case Kind::kCondJump:
    case Kind::kLoop:
      return InstructionKind::kConditionalJump;
    case Kind::kCall:
      return InstructionKind::kCall;
    case Kind::kReturn:
      return InstructionKind::kReturn;
    case Kind::kIndirectJump:
      return InstructionKind::kIndirectJump;
    case Kind::kIndirectCall:
      return InstructionKind::kIndirectCall;
    case Kind::kSyscall:
      return InstructionKind::kSystemCall;
    default:
      return InstructionKind::kOther;
  }
}

Address InstructionView::target() const {
  switch (kind()) {
    case InstructionKind::kJump:
    case InstructionKind::kConditionalJump:
    case InstructionKind::kCall:
      return at_.target().value;
    default:
      return 0;
  }
}

const x86::InstructionInfo& InstructionView::info() const {
  if (!info_) {
    info_ =
        std::make_unique<x86::InstructionInfo>(x86::describe(at_.bytes, at_.insn.length, at_.pc));
  }
  return *info_;
}

const InstructionDetails& InstructionView::details() const {
  if (details_) return *details_;
  const x86::InstructionInfo& all = info();
  for (const x86::OperandInfo& each : all.operands) operands_.push_back(operand_of(each));
  details_ = std::make_unique<InstructionDetails>();
  details_->mnemonic = all.mnemonic;
  details_->category = all.category;
  details_->isa_set = all.isa_set;
  details_->group = category_of(all.category);
  details_->condition = condition_of(at_.insn);
  details_->flags_read = all.flags.read;
  details_->flags_written = all.flags.written;
  details_->registers_read = all.registers_read;
  details_->registers_written = all.registers_written;
  details_->operands = operands_;
  return *details_;
}

std::string InstructionView::text() const {
  return x86::disassemble(at_.bytes, at_.insn.length, at_.pc).text;
}

}  // namespace weft::tool

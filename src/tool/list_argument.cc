#include "tool/list_argument.h"

#include <bit>

namespace weft::tool {
namespace {

uint8_t number_of(Register reg, std::string_view& wrong) {
  if (reg == Register::kNone) return x86::kNoRegister;
  if (static_cast<uint8_t>(reg) >= x86::kGprCount) wrong = "no such register";
  return static_cast<uint8_t>(reg);
}

x86::MemoryOperand memory_of(const ListMemory& given, std::string_view& wrong) {
  x86::MemoryOperand operand;
  operand.base = number_of(given.base, wrong);
  operand.index = number_of(given.index, wrong);
  if (!std::has_single_bit(given.scale) || given.scale > 8) wrong = "a scale of 1, 2, 4 or 8";
  operand.scale = given.scale;
  operand.displacement = given.displacement;
  operand.narrow = given.narrow;
  operand.fs = given.segment == ListMemory::Segment::kFs;
  operand.gs = given.segment == ListMemory::Segment::kGs;
  return operand;
}

Value::Kind kind_of(ListArgument::Kind kind) {
  switch (kind) {
    case ListArgument::Kind::kConstant:
      return Value::Kind::kConstant;
    case ListArgument::Kind::kRegister:
    case ListArgument::Kind::kHighByte:
      return Value::Kind::kRegister;
    case ListArgument::Kind::kMemory:
      return Value::Kind::kMemoryValue;
    case ListArgument::Kind::kAddress:
      return Value::Kind::kMemoryAddress;
    case ListArgument::Kind::kFlags:
      return Value::Kind::kFlags;
    case ListArgument::Kind::kThread:
      return Value::Kind::kThread;
    case ListArgument::Kind::kThreadId:
      return Value::Kind::kThreadId;
    case ListArgument::Kind::kContext:
      return Value::Kind::kContext;
  }
  return Value::Kind::kConstant;
}

}  // namespace

Argument argument_of(const ListArgument& given, std::string_view& wrong) {
  Argument argument;
  argument.kind = kind_of(given.kind);
  argument.size = given.size;
  argument.number = given.number;
  if (!std::has_single_bit(given.size) || given.size > 8) wrong = "an argument of no such size";
  if (argument.kind == Value::Kind::kRegister) {
    if (static_cast<uint8_t>(given.reg) >= x86::kGprCount) wrong = "no such register";
    argument.number = static_cast<uint64_t>(given.reg);
    argument.shift = 0;
  }
  if (given.kind == ListArgument::Kind::kHighByte) {
    argument.shift = 8;
    argument.size = 1;
  }
  if (given.kind == ListArgument::Kind::kMemory || given.kind == ListArgument::Kind::kAddress) {
    argument.memory = memory_of(given.memory, wrong);
    argument.in_block = given.memory.segment == ListMemory::Segment::kSlots;
  }
  return argument;
}

}  // namespace weft::tool

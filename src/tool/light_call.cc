// Runs with the program's vector state in its registers: must use none itself. A test looks at what
// the compiler makes of it (callee_test.cc), and Callees before it is relied on.
#include "linux/kernel/signal_safe_copy.h"
#include "tool/call_site.h"

namespace weft::tool {
namespace {

using x86::CpuContext;

uint64_t evaluate(const Argument& argument, const translate::ThreadBlock& block) {
  const CpuContext& context = block.context;
  switch (argument.kind) {
    case Value::Kind::kRegister:
      return register_value(argument, context);
    case Value::Kind::kFlags:
      return context.rflags;
    case Value::Kind::kMemoryAddress:
      return effective_address(argument, block);
    case Value::Kind::kMemoryValue: {
      uint64_t value = 0;
      const auto* from = reinterpret_cast<const void*>(effective_address(argument, block));
      return linux::weft_safe_copy(&value, from, argument.size) ? value : 0;
    }
    case Value::Kind::kThreadId:
      return block.thread_id;
    case Value::Kind::kThreadCounter:
      return block.tool_words[argument.number];
    case Value::Kind::kBranchTaken:
      return is_taken(argument, context) ? 1 : 0;
    case Value::Kind::kConstant:
    case Value::Kind::kThread:
    case Value::Kind::kContext:
    case Value::Kind::kAccesses:
      break;
  }
  return argument.number;
}

}  // namespace

uint64_t register_value(const Argument& argument, const CpuContext& context) {
  constexpr unsigned kBits = 64;
  const unsigned unused = kBits - 8u * argument.size;
  return context.gpr[argument.number] >> argument.shift << unused >> unused;
}

bool is_taken(const Argument& argument, const CpuContext& context) {
  constexpr uint64_t kLoops = 16;
  const uint64_t flags = context.rflags;
  const auto is_set = [flags](uint64_t flag) { return (flags & flag) != 0; };
  const bool zero = is_set(flag::kZero);
  const bool less = is_set(flag::kSign) != is_set(flag::kOverflow);
  if (argument.number >= kLoops) {
    const uint64_t count =
        argument.size == 4 ? static_cast<uint32_t>(context.gpr[x86::kRcx]) : context.gpr[x86::kRcx];
    const auto code = static_cast<ConditionCode>(argument.number);
    if (code == ConditionCode::kCountZero) return count == 0;
    if (code == ConditionCode::kLoopWhileEqual && !zero) return false;
    if (code == ConditionCode::kLoopWhileNotEqual && zero) return false;
    return count != 1;
  }
  // Each second code is the one before it the other way round.
  const bool inverted = (argument.number & 1) != 0;
  switch (static_cast<ConditionCode>(argument.number & ~uint64_t{1})) {
    case ConditionCode::kOverflow:
      return is_set(flag::kOverflow) != inverted;
    case ConditionCode::kBelow:
      return is_set(flag::kCarry) != inverted;
    case ConditionCode::kEqual:
      return zero != inverted;
    case ConditionCode::kNotAbove:
      return (is_set(flag::kCarry) || zero) != inverted;
    case ConditionCode::kSign:
      return is_set(flag::kSign) != inverted;
    case ConditionCode::kParity:
      return is_set(flag::kParity) != inverted;
    case ConditionCode::kLess:
      return less != inverted;
    default:
      return (less || zero) != inverted;
  }
}

uint64_t effective_address(const Argument& argument, const translate::ThreadBlock& block) {
  const x86::MemoryOperand& memory = argument.memory;
  const CpuContext& context = block.context;
  auto address = static_cast<uint64_t>(memory.displacement);
  if (argument.in_block) return address + block.self;
  if (memory.base != x86::kNoRegister) address += context.gpr[memory.base];
  if (memory.index != x86::kNoRegister) address += context.gpr[memory.index] * memory.scale;
  if (memory.is_moved()) address += memory.move(context.gpr[memory.moved_by]);
  if (memory.narrow) address = static_cast<uint32_t>(address);
  if (memory.fs) address += context.fs_base;
  if (memory.gs) address += context.gs_base;
  return address;
}

void make_light_arguments(const translate::CallSite& place, translate::ThreadBlock& block,
                          uint64_t* six) {
  const auto& site = static_cast<const CallSite&>(place);
  block.context.rip = site.pc.value;
  const Argument* argument = site.arguments.data();
  for (uint32_t i = 0; i < site.arguments.size(); ++i) six[i] = evaluate(*argument++, block);
}

}  // namespace weft::tool

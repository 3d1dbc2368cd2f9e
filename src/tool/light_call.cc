// Runs with the program's vector state in its registers: must use none itself. A test looks at what
// the compiler makes of it (callee_test.cc), and Callees before it is relied on.
#include "linux/signal_safe_copy.h"
#include "tool/call_site.h"

namespace weft::tool {
namespace {

using x86::CpuContext;

uint64_t evaluate(const Argument& argument, const translate::ThreadBlock& block) {
  const CpuContext& context = block.context;
  switch (argument.kind) {
    case Value::Kind::kRegister:
      return context.gpr[argument.number];
    case Value::Kind::kFlags:
      return context.rflags;
    case Value::Kind::kMemoryAddress:
      return effective_address(argument.memory, context);
    case Value::Kind::kMemoryValue: {
      uint64_t value = 0;
      const auto* from = reinterpret_cast<const void*>(effective_address(argument.memory, context));
      return linux::weft_safe_copy(&value, from, argument.size) ? value : 0;
    }
    case Value::Kind::kThreadId:
      return block.thread_id;
    case Value::Kind::kThreadCounter:
      return block.tool_words[argument.number];
    case Value::Kind::kConstant:
    case Value::Kind::kThread:
    case Value::Kind::kContext:
      break;
  }
  return argument.number;
}

}  // namespace

uint64_t effective_address(const x86::MemoryOperand& memory, const CpuContext& context) {
  auto address = static_cast<uint64_t>(memory.displacement);
  if (memory.base != x86::kNoRegister) address += context.gpr[memory.base];
  if (memory.index != x86::kNoRegister) address += context.gpr[memory.index] * memory.scale;
  if (memory.narrow) address = static_cast<uint32_t>(address);
  if (memory.fs) address += context.fs_base;
  if (memory.gs) address += context.gs_base;
  return address;
}

bool is_light(const CallSite& site) {
  for (uint32_t i = 0; i < site.arguments.size(); ++i) {
    const Value::Kind kind = site.arguments[i].kind;
    if (kind == Value::Kind::kContext || kind == Value::Kind::kThread) return false;
  }
  return true;
}

void make_light_arguments(const translate::CallSite& place, translate::ThreadBlock& block,
                          uint64_t* six) {
  const auto& site = static_cast<const CallSite&>(place);
  block.context.rip = site.pc.value;
  const Argument* argument = site.arguments.data();
  for (uint32_t i = 0; i < site.arguments.size(); ++i) six[i] = evaluate(*argument++, block);
}

}  // namespace weft::tool

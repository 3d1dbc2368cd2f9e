// Clean calls: arguments from the saved state, then the tool's function.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "engine/engine.h"
#include "linux/kernel/program_memory.h"
#include "linux/kernel/signal_safe_copy.h"
#include "tool/access_arguments.h"
#include "tool/call_site.h"
#include "tool/context_view.h"
#include "tool/host.h"
#include "tool/mistake.h"
#include "weft/instruction_list.h"

namespace weft::tool {
namespace {

using x86::CpuContext;

uint64_t read_value(const Argument& argument, const translate::ThreadBlock& block) {
  uint64_t value = 0;
  const uint64_t address = effective_address(argument, block);
  if (argument.in_block) {
    std::memcpy(&value, reinterpret_cast<const void*>(address), argument.size);
    return value;
  }
  if (!linux::read_program(static_cast<void*>(&value), address, argument.size)) return 0;
  return value;
}

uint64_t evaluate(const Argument& argument, ThreadView& thread, ContextView& view,
                  AccessArguments& accesses) {
  const translate::ThreadBlock& block = thread.thread().block();
  const CpuContext& context = block.context;
  switch (argument.kind) {
    case Value::Kind::kConstant:
      return argument.number;
    case Value::Kind::kRegister:
      return register_value(argument, context);
    case Value::Kind::kFlags:
      return context.rflags;
    case Value::Kind::kMemoryAddress:
      return effective_address(argument, block);
    case Value::Kind::kMemoryValue:
      return read_value(argument, block);
    case Value::Kind::kThread:
      return reinterpret_cast<uint64_t>(static_cast<Thread*>(&thread));
    case Value::Kind::kThreadId:
      return static_cast<uint64_t>(thread.id());
    case Value::Kind::kContext:
      return reinterpret_cast<uint64_t>(static_cast<CallContext*>(&view));
    case Value::Kind::kThreadCounter:
      return thread.get(ThreadCounter(static_cast<uint32_t>(argument.number)));
    case Value::Kind::kBranchTaken:
      return is_taken(argument, context) ? 1 : 0;
    case Value::Kind::kAccesses:
      return reinterpret_cast<uint64_t>(&accesses.list(argument, block));
  }
  return 0;
}

using Arguments = std::array<uint64_t, ListCall::kMostArguments>;

/// Whatever its parameters are, the first six are passed in these registers (Insertion::call checks
/// that) and others on the stack, and what it does not take it does not look at.
void call(void (*function)(), const Arguments& a, size_t count) {
  using Word = uint64_t;
  constexpr size_t kInRegisters = 6;
  if (count <= kInRegisters) {
    using Function = void (*)(Word, Word, Word, Word, Word, Word);
    return reinterpret_cast<Function>(function)(a[0], a[1], a[2], a[3], a[4], a[5]);
  }
  using Function = void (*)(Word, Word, Word, Word, Word, Word, Word, Word, Word, Word, Word, Word,
                            Word, Word, Word, Word);
  reinterpret_cast<Function>(function)(a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7], a[8], a[9],
                                       a[10], a[11], a[12], a[13], a[14], a[15]);
}

}  // namespace

void Host::check_target(engine::Thread& thread) const {
  const AppPc target = thread.pc();
  if (engine_->space().find(target)) return;
  // Where nothing is mapped, the program gets the fault that it would get there.
  uint8_t byte = 0;
  if (!linux::safe_copy(&byte, target.bytes(), 1)) return;
  const std::string text = fmt::format(
      "redirect() to {:#x}, which is memory of the tool or of weft: only the program's code runs "
      "there",
      target.value);
  stop_for_tool(running_tool(thread), text);
}

bool Host::clean_call(engine::Thread& thread, const translate::CallSite& place) {
  const auto& site = static_cast<const CallSite&>(place);
  ThreadView& view = view_of(thread);
  if (site.function == nullptr) {
    if (site.purpose == CallSite::Purpose::kNewCase) return new_case(view, site);
    if (site.purpose == CallSite::Purpose::kMissingVersions) return make_versions(view, site);
    const Running running(&thread, "a full buffer", nullptr);
    view.flush(Buffer(site.buffer));
    return false;
  }
  ContextView& context = view.context_view();
  context.begin_call(site.pc.value);
  thread.context().rip = site.pc.value;
  Arguments values{};
  AccessArguments accesses;
  for (uint32_t i = 0; i < site.arguments.size(); ++i) {
    values[i] = evaluate(site.arguments[i], view, context, accesses);
  }
  const Running running(&thread, "a clean call", nullptr,
                        reinterpret_cast<const void*>(site.function));
  context.run([&] { call(site.function, values, site.arguments.size()); });
  // It may have been left by redirect() and leave_call().
  view.landing = nullptr;
  if (!context.end_call()) return false;
  check_target(thread);
  return true;
}

}  // namespace weft::tool

// Clean calls: arguments from the saved state, then the tool's function.
#include <algorithm>

#include "engine/engine.h"
#include "linux/signal_xstate.h"
#include "linux/sys_program_memory.h"
#include "tool/call_site.h"
#include "tool/host.h"

namespace weft::tool {
namespace {

using x86::CpuContext;

class ContextView final : public CallContext {
 public:
  ContextView(ThreadView& thread, Address pc) : thread_(thread), pc_(pc) {}

  uint64_t get(Register reg) const override { return context().gpr[index(reg)]; }
  void set(Register reg, uint64_t value) override { context().gpr[index(reg)] = value; }
  Address pc() const override { return pc_; }
  uint64_t flags() const override { return context().rflags; }
  void set_flags(uint64_t flags) override {
    // Those that a program may change by popf.
    constexpr uint64_t kSettable = 0x244CD5;
    context().rflags = (context().rflags & ~kSettable) | (flags & kSettable);
  }
  uint64_t fs_base() const override { return context().fs_base; }
  uint64_t gs_base() const override { return context().gs_base; }
  void* xsave() override {
    linux::ProgramThread& program = thread_.thread().program;
    linux::spell_out_xstate(program);
    return program.xsave;
  }
  Thread& thread() override { return thread_; }
  void redirect(Address pc) override {
    context().rip = pc;
    redirected_ = true;
  }
  bool redirected() const { return redirected_; }

 private:
  static size_t index(Register reg) { return static_cast<size_t>(reg) & (x86::kGprCount - 1); }
  CpuContext& context() const { return thread_.thread().context(); }

  ThreadView& thread_;
  Address pc_;
  bool redirected_ = false;
};

uint64_t read_value(const Argument& argument, const CpuContext& context) {
  uint64_t value = 0;
  const uint64_t address = effective_address(argument.memory, context);
  if (!linux::read_program(static_cast<void*>(&value), address, argument.size)) return 0;
  return value;
}

uint64_t evaluate(const Argument& argument, ThreadView& thread, ContextView& view) {
  const CpuContext& context = thread.thread().context();
  switch (argument.kind) {
    case Value::Kind::kConstant:
      return argument.number;
    case Value::Kind::kRegister:
      return context.gpr[argument.number];
    case Value::Kind::kFlags:
      return context.rflags;
    case Value::Kind::kMemoryAddress:
      return effective_address(argument.memory, context);
    case Value::Kind::kMemoryValue:
      return read_value(argument, context);
    case Value::Kind::kThread:
      return reinterpret_cast<uint64_t>(static_cast<Thread*>(&thread));
    case Value::Kind::kThreadId:
      return static_cast<uint64_t>(thread.id());
    case Value::Kind::kContext:
      return reinterpret_cast<uint64_t>(static_cast<CallContext*>(&view));
    case Value::Kind::kThreadCounter:
      return thread.get(ThreadCounter(static_cast<uint32_t>(argument.number)));
  }
  return 0;
}

}  // namespace

bool Host::clean_call(engine::Thread& thread, const translate::CallSite& place) {
  const auto& site = static_cast<const CallSite&>(place);
  ThreadView& view = view_of(thread);
  if (site.function == nullptr) {
    if (site.purpose == CallSite::Purpose::kNewCase) return new_case(view, site);
    if (site.purpose == CallSite::Purpose::kMissingVersions) return make_versions(view, site);
    view.flush(Buffer(site.buffer));
    return false;
  }
  ContextView context(view, site.pc.value);
  thread.context().rip = site.pc.value;
  std::array<uint64_t, 6> values{};
  for (uint32_t i = 0; i < site.arguments.size(); ++i) {
    values[i] = evaluate(site.arguments[i], view, context);
  }
  // Whatever its parameters are, they are passed in these registers (Insertion::call checks that),
  // and what it does not take it does not look at.
  using Function = void (*)(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t);
  const auto function = reinterpret_cast<Function>(site.function);
  function(values[0], values[1], values[2], values[3], values[4], values[5]);
  return context.redirected();
}

}  // namespace weft::tool

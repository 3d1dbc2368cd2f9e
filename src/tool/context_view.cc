#include "tool/context_view.h"

#include "base/check.h"
#include "linux/signal/xstate.h"
#include "tool/thread_view.h"

namespace weft::tool {
namespace {

size_t index(Register reg) { return static_cast<size_t>(reg) & (x86::kGprCount - 1); }

}  // namespace

x86::CpuContext& ContextView::context() const { return thread_.thread().context(); }

void ContextView::begin_call(Address pc) {
  in_call_ = true;
  redirected_ = false;
  pc_ = pc;
}

bool ContextView::end_call() {
  in_call_ = false;
  return redirected_;
}

uint64_t ContextView::get(Register reg) const { return context().gpr[index(reg)]; }

void ContextView::set(Register reg, uint64_t value) { context().gpr[index(reg)] = value; }

Address ContextView::pc() const { return in_call_ ? pc_ : context().rip; }

uint64_t ContextView::flags() const { return context().rflags; }

void ContextView::set_flags(uint64_t flags) {
  // Those that a program may change by popf.
  constexpr uint64_t kSettable = 0x244CD5;
  context().rflags = (context().rflags & ~kSettable) | (flags & kSettable);
}

uint64_t ContextView::fs_base() const { return context().fs_base; }

uint64_t ContextView::gs_base() const { return context().gs_base; }

void* ContextView::xsave() {
  linux::ProgramThread& program = thread_.thread().program;
  linux::spell_out_xstate(program);
  return program.xsave;
}

Thread& ContextView::thread() { return thread_; }

void ContextView::redirect(Address pc) {
  context().rip = pc;
  redirected_ = true;
}

void ContextView::leave_call() {
  CHECK(in_call_);
  __builtin_longjmp(way_back_, 1);
}

}  // namespace weft::tool

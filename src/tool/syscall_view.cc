#include "tool/syscall_view.h"

#include <fmt/format.h>

#include "tool/library.h"
#include "tool/mistake.h"
#include "tool/running.h"

namespace weft::tool {

void SyscallView::check(int index) const {
  constexpr int kArguments = 6;
  if (index >= 0 && index < kArguments) return;
  stop_for_tool(tool_of(thread_.thread()),
                fmt::format("a system call has no argument {}: they are 0 to 5", index));
}

uint64_t& SyscallView::register_of(int index) const {
  static constexpr x86::Reg kOrder[] = {x86::kRdi, x86::kRsi, x86::kRdx,
                                        x86::kR10, x86::kR8,  x86::kR9};
  check(index);
  return context_[kOrder[index]];
}

uint64_t SyscallView::number() const {
  if (after_) return thread_.call[0];
  return has_result_ ? number_before_ : context_[x86::kRax];
}

uint64_t SyscallView::argument(int index) const {
  check(index);
  return after_ ? thread_.call[static_cast<size_t>(index) + 1] : register_of(index);
}

void SyscallView::set_number(uint64_t number) {
  if (!after_ && !has_result_) context_[x86::kRax] = number;
}

void SyscallView::set_argument(int index, uint64_t value) {
  check(index);
  if (!after_) register_of(index) = value;
}

void SyscallView::set_result(int64_t result) {
  if (!after_ && !has_result_) {
    number_before_ = context_[x86::kRax];
    has_result_ = true;
  }
  context_[x86::kRax] = static_cast<uint64_t>(result);
}

void SyscallView::keep() {
  thread_.call[0] = number();
  for (int i = 0; i < 6; ++i) thread_.call[static_cast<size_t>(i) + 1] = register_of(i);
}

}  // namespace weft::tool

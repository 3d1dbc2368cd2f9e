#include "linux/signal/altstack.h"

#include <cerrno>

namespace weft::linux {
namespace {

constexpr int kAutoDisarm = static_cast<int>(1u << 31);
/// The kernel's MINSIGSTKSZ; libc's name means something larger.
constexpr size_t kSmallest = 2048;

}  // namespace

bool lies_on(const stack_t& stack, uint64_t rsp) {
  const auto start = reinterpret_cast<uint64_t>(stack.ss_sp);
  return rsp > start && rsp - start <= stack.ss_size;
}

bool is_on_alt_stack(const stack_t& stack, uint64_t rsp) {
  return !disarms_itself(stack) && lies_on(stack, rsp);
}

stack_t shown_alt_stack(const stack_t& stack, uint64_t rsp) {
  stack_t shown{};
  shown.ss_sp = stack.ss_sp;
  shown.ss_size = stack.ss_size;
  shown.ss_flags = stack.ss_flags & kAutoDisarm;
  if (stack.ss_size == 0) {
    shown.ss_flags |= SS_DISABLE;
  } else if (is_on_alt_stack(stack, rsp)) {
    shown.ss_flags |= SS_ONSTACK;
  }
  return shown;
}

int64_t change_alt_stack(stack_t& stack, const stack_t& wanted, uint64_t rsp) {
  if (is_on_alt_stack(stack, rsp)) return -EPERM;
  const int mode = wanted.ss_flags & ~kAutoDisarm;
  if (mode != 0 && mode != SS_DISABLE && mode != SS_ONSTACK) return -EINVAL;
  stack_t next{};
  next.ss_flags = wanted.ss_flags;
  if (mode != SS_DISABLE) {
    if (wanted.ss_size < kSmallest) return -ENOMEM;
    next.ss_sp = wanted.ss_sp;
    next.ss_size = wanted.ss_size;
  }
  stack = next;
  return 0;
}

}  // namespace weft::linux

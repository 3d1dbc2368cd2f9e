// The program's alternate signal stack, with the kernel's rules. Values only.
#pragma once

#include <csignal>
#include <cstdint>

namespace weft::linux {

inline constexpr stack_t kNoAltStack{nullptr, SS_DISABLE, 0};

/// Whether `rsp` lies on `stack`, whatever its flags say.
bool lies_on(const stack_t& stack, uint64_t rsp);
/// Whether the thread counts as running on it; never so for one that disarms itself.
bool is_on_alt_stack(const stack_t& stack, uint64_t rsp);
/// What sigaltstack() reports.
stack_t shown_alt_stack(const stack_t& stack, uint64_t rsp);
/// 0 or the negated errno of sigaltstack().
int64_t change_alt_stack(stack_t& stack, const stack_t& wanted, uint64_t rsp);

inline bool disarms_itself(const stack_t& stack) {
  return (static_cast<unsigned>(stack.ss_flags) & (1u << 31)) != 0;
}

}  // namespace weft::linux

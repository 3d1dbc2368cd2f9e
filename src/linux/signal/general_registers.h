// The general registers of the kernel's structures, which name them each by itself. Pure.
#pragma once

#include "base/check.h"
#include "x86/context.h"

namespace weft::linux {

/// visit(number, field) for each general register of a structure that has them by the kernel's
/// names (struct sigcontext, struct user_regs_struct).
template <typename Structure, typename Visit>
SIGNAL_SAFE void for_each_general_register(Structure& registers, Visit visit) {
  visit(x86::kRax, registers.rax);
  visit(x86::kRcx, registers.rcx);
  visit(x86::kRdx, registers.rdx);
  visit(x86::kRbx, registers.rbx);
  visit(x86::kRsp, registers.rsp);
  visit(x86::kRbp, registers.rbp);
  visit(x86::kRsi, registers.rsi);
  visit(x86::kRdi, registers.rdi);
  visit(x86::kR8, registers.r8);
  visit(x86::kR9, registers.r9);
  visit(x86::kR10, registers.r10);
  visit(x86::kR11, registers.r11);
  visit(x86::kR12, registers.r12);
  visit(x86::kR13, registers.r13);
  visit(x86::kR14, registers.r14);
  visit(x86::kR15, registers.r15);
}

/// The general registers, rip and flags; the rest of either stays.
template <typename Structure>
SIGNAL_SAFE void copy_general_registers(const x86::CpuContext& from, Structure& to) {
  for_each_general_register(to, [&from](x86::Reg reg, auto& field) { field = from[reg]; });
  to.rip = from.rip;
  to.eflags = from.rflags;
}
template <typename Structure>
SIGNAL_SAFE void copy_general_registers(const Structure& from, x86::CpuContext& to) {
  for_each_general_register(from, [&to](x86::Reg reg, const auto& field) { to[reg] = field; });
  to.rip = from.rip;
  to.rflags = from.eflags;
}

}  // namespace weft::linux

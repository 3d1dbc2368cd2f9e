#include "linux/signal/frame.h"

#include <algorithm>

namespace weft::linux {

void copy_registers(const x86::CpuContext& from, FrameRegisters& to) {
  to.rax = from[x86::kRax];
  to.rcx = from[x86::kRcx];
  to.rdx = from[x86::kRdx];
  to.rbx = from[x86::kRbx];
  to.rsp = from[x86::kRsp];
  to.rbp = from[x86::kRbp];
  to.rsi = from[x86::kRsi];
  to.rdi = from[x86::kRdi];
  std::copy_n(&from.gpr[x86::kR8], 8, &to.r8);
  to.rip = from.rip;
  to.eflags = from.rflags;
}

void copy_registers(const FrameRegisters& from, x86::CpuContext& to) {
  to[x86::kRax] = from.rax;
  to[x86::kRcx] = from.rcx;
  to[x86::kRdx] = from.rdx;
  to[x86::kRbx] = from.rbx;
  to[x86::kRsp] = from.rsp;
  to[x86::kRbp] = from.rbp;
  to[x86::kRsi] = from.rsi;
  to[x86::kRdi] = from.rdi;
  std::copy_n(&from.r8, 8, &to.gpr[x86::kR8]);
  to.rip = from.rip;
  to.rflags = from.eflags;
}

}  // namespace weft::linux

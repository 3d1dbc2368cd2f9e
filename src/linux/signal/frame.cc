#include "linux/signal/frame.h"

#include "linux/signal/general_registers.h"

namespace weft::linux {

void copy_registers(const x86::CpuContext& from, FrameRegisters& to) {
  copy_general_registers(from, to);
}

void copy_registers(const FrameRegisters& from, x86::CpuContext& to) {
  copy_general_registers(from, to);
}

}  // namespace weft::linux

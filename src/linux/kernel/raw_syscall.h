// System calls as the kernel answers them: the result or -errno. No libc state is touched.
// Any thread; signal-safe.
#pragma once

#include <asm/unistd.h>

#include <cstdint>

#include "base/check.h"

namespace weft::linux {

/// Makes system call `number`. A result in [-4095, -1] is a negated errno.
SIGNAL_SAFE inline int64_t raw_syscall(int64_t number, uint64_t a0 = 0, uint64_t a1 = 0,
                                       uint64_t a2 = 0, uint64_t a3 = 0, uint64_t a4 = 0,
                                       uint64_t a5 = 0) {
  int64_t result;
  register uint64_t r10 asm("r10") = a3;
  register uint64_t r8 asm("r8") = a4;
  register uint64_t r9 asm("r9") = a5;
  asm volatile("syscall"
               : "=a"(result)
               : "a"(number), "D"(a0), "S"(a1), "d"(a2), "r"(r10), "r"(r8), "r"(r9)
               : "rcx", "r11", "memory");
  return result;
}

/// A pointer as a system call argument.
SIGNAL_SAFE inline uint64_t word(const volatile void* pointer) {
  return reinterpret_cast<uint64_t>(pointer);
}

SIGNAL_SAFE constexpr bool failed(int64_t result) { return result < 0 && result >= -4095; }

}  // namespace weft::linux

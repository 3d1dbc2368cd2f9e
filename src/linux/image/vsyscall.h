// The vsyscall page: three calls at fixed kernel addresses, by which the oldest x86-64 programs ask
// the time. Stateless; signal-safe.
#pragma once

#include <asm/unistd.h>

#include <cstdint>
#include <optional>

#include "base/check.h"

namespace weft::linux {

/// The system call that a call of `address` amounts to.
SIGNAL_SAFE constexpr std::optional<uint64_t> vsyscall_number(uint64_t address) {
  switch (address) {
    case 0xffffffffff600000:
      return __NR_gettimeofday;
    case 0xffffffffff600400:
      return __NR_time;
    case 0xffffffffff600800:
      return __NR_getcpu;
    default:
      return std::nullopt;
  }
}

}  // namespace weft::linux

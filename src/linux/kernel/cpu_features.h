// What the kernel lets user code do with the CPU. SIGNAL_SAFE.
#pragma once

#include <sys/auxv.h>

#include "base/check.h"

namespace weft::linux {

/// Whether fs and gs are read and written by instructions. From memory of libc's, by way of no
/// thread-local storage.
SIGNAL_SAFE inline bool has_fsgsbase() {
  constexpr unsigned long kHwcap2Fsgsbase = 2;
  return (getauxval(AT_HWCAP2) & kHwcap2Fsgsbase) != 0;
}

}  // namespace weft::linux

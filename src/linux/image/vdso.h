// The kernel's vdso: moved into the window, so that the program's calls to it have shadow words.
// Called once, while the process has one thread; not signal-safe.
#pragma once

#include <cstdint>

#include "base/result.h"
#include "linux/memory/address_space.h"

namespace weft::linux {

struct VdsoPlace {
  uint64_t header = 0;  ///< AT_SYSINFO_EHDR for the program; 0: the kernel gives none
  bool moved =
      false;  ///< false: it stayed where it was (sealed, or of an unknown form): no shadow there
};

/// Moves [vvar] and [vdso] into the window and leaves a copy of the vdso's image at its old place,
/// whose functions make system calls: our own libc has resolved them already, and unwinds through
/// them. Records what the program sees in `space`. `header` is the kernel's AT_SYSINFO_EHDR (0:
/// none).
VdsoPlace move_vdso(uint64_t header, AddressSpace& space);

}  // namespace weft::linux

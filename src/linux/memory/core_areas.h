// What a core dump of this process shows of its memory.
#pragma once

#include "linux/memory/address_space.h"

namespace weft::linux {

/// From now on a core dump leaves out all that is not the program's. In a process that is about to
/// end; not in a signal handler.
void leave_runtime_out_of_core(const AddressSpace& space);

}  // namespace weft::linux

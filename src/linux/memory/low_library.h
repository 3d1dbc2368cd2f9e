// Libraries of the runtime's side below 2 GB, where code anywhere names their variables by
// addresses. At the start of the process, while it has one thread.
#pragma once

#include "linux/memory/address_space.h"

namespace weft::linux {

/// dlopen(path, RTLD_NOW | RTLD_LOCAL), of which the memory lies below 2 GB if there is room.
void* open_library_low(AddressSpace& space, const char* path);

}  // namespace weft::linux

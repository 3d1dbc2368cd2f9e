// Libraries on the clients' side of the process: clients, what they are linked with, and what they
// load.
#pragma once

#include "weft/instruction.h"

namespace weft::dynamorio {

/// All that is mapped of the library that dlopen() gave `handle` for; empty if it is none.
Range library_range(void* handle);

/// Whether `address` is in a library of a client's, rather than of weft's or of the C library.
bool is_in_client(const void* address);

}  // namespace weft::dynamorio

// Page protections, as the API and as the kernel has them.
#pragma once

#include <sys/mman.h>

#include "dr_api.h"

namespace weft::dynamorio {

constexpr int to_kernel(uint protection) {
  return ((protection & DR_MEMPROT_READ) != 0 ? PROT_READ : 0) |
         ((protection & DR_MEMPROT_WRITE) != 0 ? PROT_WRITE : 0) |
         ((protection & DR_MEMPROT_EXEC) != 0 ? PROT_EXEC : 0);
}

}  // namespace weft::dynamorio

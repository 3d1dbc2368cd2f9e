// The kernel's protection of program pages, apart from what the program asked for. Any thread.
#pragma once

#include <cstdint>

namespace weft::linux {

/// Gives pages the protection `prot` that the program chose, without PROT_WRITE unless `writable`.
void set_program_protection(uint64_t address, uint64_t size, int prot, bool writable);

}  // namespace weft::linux

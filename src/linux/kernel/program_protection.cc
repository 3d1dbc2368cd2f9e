#include "linux/kernel/program_protection.h"

#include <sys/mman.h>

#include "linux/kernel/raw_syscall.h"

namespace weft::linux {

void set_program_protection(uint64_t address, uint64_t size, int prot, bool writable) {
  if (!writable) prot &= ~PROT_WRITE;
  // Fails only if the program unmaps the page at this very moment, and then nothing is left to
  // protect.
  raw_syscall(__NR_mprotect, address, size, static_cast<uint64_t>(prot));
}

}  // namespace weft::linux

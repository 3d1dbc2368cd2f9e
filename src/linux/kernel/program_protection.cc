#include "linux/kernel/program_protection.h"

#include <sys/mman.h>

#include "linux/kernel/raw_syscall.h"

namespace weft::linux {

void set_program_protection(uint64_t address, uint64_t size, int prot, bool writable) {
  // What may be written may be read, so what is left stays readable: where there are protection
  // keys, PROT_EXEC alone is not, and the runtime reads code.
  if ((prot & (PROT_WRITE | PROT_EXEC)) != 0) prot |= PROT_READ;
  if (!writable) prot &= ~PROT_WRITE;
  // Fails only if the program unmaps the page at this very moment, and then nothing is left to
  // protect.
  raw_syscall(__NR_mprotect, address, size, static_cast<uint64_t>(prot));
}

}  // namespace weft::linux

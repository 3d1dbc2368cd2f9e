// Direct jumps, calls and conditional jumps to unmapped memory fault at their target, once taken.
#include "wild.h"
int main(void) {
  handle(SIGSEGV, wild_report, SA_NODEFER);
  unsigned char* area =
      mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  munmap(area + 4096, (1 << 20) - 4096);
  memcpy(area, "\xe9\xfb\x0f\x01\x00", 5);                   // jmp area + 0x11000
  memcpy(area + 16, "\xe8\xeb\x0f\x01\x00", 5);              // call area + 0x11000
  memcpy(area + 32, "\x31\xc0\x0f\x84\xd8\x0f\x01\x00", 8);  // xor eax, eax; jz area + 0x11000
  memcpy(area + 48, "\x31\xc0\x0f\x85\xc8\x0f\x01\x00\xc3",
         9);  // xor eax, eax; jnz area + 0x11000; ret
  for (int i = 0; i < 2; ++i)
    for (unsigned long at = 0; at < 64; at += 16) {
      wild_target = (unsigned long)area + 0x11000;
      printf("%lu", at);
      unsigned long start = (unsigned long)area + at;
      if (sigsetjmp(wild_back, 1) == 0) {
        __asm__ volatile(
            "sub $512, %%rsp; mov %%rsp, wild_stack(%%rip); mov $9, %%r9d; call *%%rdx; add $512, "
            "%%rsp" ::"d"(start),
            "c"(0xc0c0L)
            : "rax", "r9", "memory", "cc");
        puts(" came back");
      }
    }
  return app_status();
}

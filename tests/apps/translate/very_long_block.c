// Straight-line code of 100,000 instructions without a branch, and 20,000 never-taken branches in a row.
#include "app.h"
int main(void) {
  unsigned long v = 1;
  for (int i = 0; i < 3; ++i) {
    __asm__ volatile(".rept 100000; lea 3(%0,%0,2), %0; .endr" : "+r"(v)::"cc");
    printf("%lx\n", v);
    __asm__ volatile("xor %%eax, %%eax; .rept 20000; inc %0; test %%eax, %%eax; jnz 9f; .endr; 9:"
                     : "+r"(v)::"rax", "cc");
    printf("%lx\n", v);
    __asm__ volatile(
        ".rept 3000; movabs $0x123456789abcdef, %%rax; .byte 0x2e, 0x2e, 0x2e; add lots(%%rip), "
        "%%rax; add %%rax, %0; .endr; .pushsection .data; lots: .quad 5; .popsection"
        : "+r"(v)::"rax", "cc");
    printf("%lx\n", v);
  }
  return app_status();
}

// A branch through memory addressed with a 67 prefix: the address is cut to 32 bits.
#include "app.h"
__asm__(".text\n.globl target\ntarget: mov $42, %eax; ret\n");
extern char target[];
int main(void) {
  void** low =
      mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
  REQUIRE(low != MAP_FAILED);
  low[3] = target;
  long result;
  unsigned long base = (unsigned long)low | 0x1200000000ul;
  for (int i = 0; i < 3; ++i) {
    __asm__ volatile("sub $128, %%rsp; .byte 0x67; call *24(%1); add $128, %%rsp"
                     : "=a"(result)
                     : "b"(base)
                     : "memory", "cc");
    printf("%ld\n", result);
  }
  return app_status();
}

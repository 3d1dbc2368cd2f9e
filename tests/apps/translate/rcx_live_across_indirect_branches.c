// The register that an indirect branch's lookup borrows has its value at the target, at the first visit and later.
#include "app.h"
__asm__(
    ".text\n.globl ask\nask: mov %rcx, %rax; ret\n.globl bounce\nbounce: pop %rdx; jmp *%rdx\n");
extern char ask[], bounce[];
int main(void) {
  unsigned long sum = 0;
  for (unsigned long i = 0; i < 1000; ++i) {
    unsigned long rcx = i * 0x9e3779b97f4a7c15, got, kept = rcx;
    __asm__ volatile("sub $256, %%rsp; call *%2; add $256, %%rsp"
                     : "=a"(got), "+c"(kept)
                     : "r"(ask)
                     : "memory", "cc");
    sum += got == rcx && kept == rcx;
    __asm__ volatile("sub $256, %%rsp; call *%1; add $256, %%rsp"
                     : "+c"(kept)
                     : "r"(bounce)
                     : "rdx", "memory", "cc");
    sum += kept == rcx;
    __asm__ volatile("sub $256, %%rsp; call ask; add $256, %%rsp"
                     : "=a"(got), "+c"(kept)::"memory", "cc");
    sum += got == rcx && kept == rcx;
    void* by_rcx = ask;
    __asm__ volatile("sub $256, %%rsp; call *%%rcx; add $256, %%rsp"
                     : "=a"(got), "+c"(by_rcx)::"memory", "cc");
    sum += got == (unsigned long)ask && by_rcx == (void*)ask;
    void* slot = ask;
    void** address = &slot;
    __asm__ volatile("sub $256, %%rsp; call *(%%rcx); add $256, %%rsp"
                     : "=a"(got), "+c"(address)::"memory", "cc");
    sum += got == (unsigned long)&slot && address == &slot;
  }
  printf("%lu of 5000\n", sum);
  return app_status();
}

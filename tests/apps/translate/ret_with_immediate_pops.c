// ret imm16 pops its arguments, returns to where the call came from, and leaves flags and rcx alone.
#include "app.h"
__asm__(
    ".text\npops8: mov 8(%rsp), %rax; ret $8\npops0: ret $0\npops_many: mov 8(%rsp), %rax; add "
    "64(%rsp), %rax; stc; ret $1024\n");
int main(void) {
  for (int i = 0; i < 4; ++i) {
    unsigned long result, moved, carry, rcx = 0xabcd;
    __asm__ volatile(
        "sub $128, %%rsp; mov %%rsp, %%rbx; push $7; call pops8; sub %%rsp, %%rbx; add $128, %%rsp"
        : "=a"(result), "=b"(moved)::"memory", "cc");
    printf("%lu %ld\n", result, moved);
    __asm__ volatile(
        "sub $2048, %%rsp; mov %%rsp, %%rbx; sub $1016, %%rsp; movq $11, 48(%%rsp); push $5; call "
        "pops_many; sbb %%rdx, %%rdx; sub %%rsp, %%rbx; add $2048, %%rsp"
        : "=a"(result), "=b"(moved), "=d"(carry), "+c"(rcx)::"memory", "cc");
    printf("%lu %ld carry %ld rcx %lx\n", result, moved, -carry, rcx);
    __asm__ volatile(
        "sub $128, %%rsp; mov %%rsp, %%rbx; call pops0; sub %%rsp, %%rbx; add $128, %%rsp"
        : "=b"(moved)::"memory", "cc");
    printf("%ld\n", moved);
  }
  return app_status();
}

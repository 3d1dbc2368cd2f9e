// Every arithmetic flag survives every kind of branch.
#include "app.h"
#define ACROSS(what, code)                                                                      \
  for (unsigned bits = 0; bits < 64; ++bits) {                                                  \
    unsigned long flags = 2 | 0x200 | (bits & 1) | (bits & 2 ? 4 : 0) | (bits & 4 ? 0x10 : 0) | \
                          (bits & 8 ? 0x40 : 0) | (bits & 16 ? 0x80 : 0) |                      \
                          (bits & 32 ? 0x800 : 0),                                              \
                  after;                                                                        \
    __asm__ volatile(                                                                           \
        "sub $256, %%rsp; lea table%=(%%rip), %%rdx; lea target%=(%%rip), %%rcx; mov %%rcx, "   \
        "(%%rdx); .pushsection .data; table%=: .quad 0; .popsection;"                           \
        "push %1; popfq;" code "pushfq; pop %0; lea 256(%%rsp), %%rsp"                          \
        : "=r"(after)                                                                           \
        : "r"(flags)                                                                            \
        : "rcx", "rdx", "memory", "cc");                                                        \
    if (after != flags) printf(what ": %lx became %lx\n", flags, after), ++app_failures;        \
  }
int main(void) {
  for (int i = 0; i < 2; ++i) {
    ACROSS("jmp", "jmp target%=; ud2; target%=: ")
    ACROSS("indirect jmp", "jmp *%%rcx; ud2; target%=: ")
    ACROSS("indirect jmp by memory", "jmp *(%%rdx); ud2; target%=: ")
    ACROSS("call and ret", "call target%=; jmp 1f; target%=: ret; 1: ")
    ACROSS("indirect call and ret", "call *%%rcx; jmp 1f; target%=: ret; 1: ")
    ACROSS("call by memory and ret imm", "push $0; call *(%%rdx); jmp 1f; target%=: ret $8; 1: ")
    ACROSS("loop", "mov $3, %%ecx; target%=: loop target%=; ")
    ACROSS("jcc not taken and taken",
           "jo 1f; jno 1f; target%=: 1: jp 1f; 1: jc 1f; jnc 1f; 1: jl 1f; jle 1f; 1: ")
    ACROSS("rip-relative lea and mov",
           "target%=: lea 1f(%%rip), %%rcx; mov table%=(%%rip), %%rcx; 1: ")
  }
  puts("compared");
  return app_status();
}

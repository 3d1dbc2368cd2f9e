// cs, ds, es, ss prefixes mean nothing in 64-bit mode; fs adds its base; branch hints and odd prefixes are ignored.
#include "app.h"
static __thread unsigned long in_tls = 0x55aa;
int main(void) {
  unsigned long value = 0x1234, v, base;
  for (int i = 0; i < 2; ++i) {
    __asm__ volatile(".byte 0x2e; mov (%1), %0" : "=r"(v) : "r"(&value) : "memory");
    printf("cs %lx\n", v);
    __asm__ volatile(".byte 0x3e; add (%1), %0" : "+r"(v) : "r"(&value) : "memory", "cc");
    printf("ds %lx\n", v);
    __asm__ volatile(".byte 0x26; add (%1), %0" : "+r"(v) : "r"(&value) : "memory", "cc");
    __asm__ volatile(".byte 0x36; add (%1), %0" : "+r"(v) : "r"(&value) : "memory", "cc");
    printf("es ss %lx\n", v);
    __asm__ volatile("mov %%fs:0, %0" : "=r"(base));
    __asm__ volatile("mov %%fs:(%1), %0" : "=r"(v) : "r"((unsigned long)&in_tls - base) : "memory");
    printf("fs %lx\n", v);
    __asm__ volatile(
        "xor %%eax, %%eax; .byte 0x3e; je 1f; mov $1, %%eax; 1: .byte 0x2e; jne 2f; inc %%eax; 2:"
        : "=a"(v)::"cc");
    printf("hints %lx\n", v);
    __asm__ volatile(
        ".byte 0x66, 0x66, 0x2e, 0x0f, 0x1f, 0x84, 0, 0, 0, 0, 0; .byte 0xf3, 0x90; .byte 0xf3; "
        "nop; rex64 nop; .byte 0x66, 0x90" ::
            : "memory");
    __asm__ volatile(
        "call 1f; jmp 2f; 1: .byte 0xf3; ret; 2: call 3f; jmp 4f; 3: .byte 0xf2; ret; 4: .byte "
        "0xf2; jmp 5f; 5: .byte 0x3e; jmp 6f; 6:" ::
            : "memory");
    __asm__ volatile(
        "lea 1f(%%rip), %%rax; .byte 0x3e; jmp *%%rax; ud2; 1: lea 2f(%%rip), %%rax; .byte 0xf2; "
        "call *%%rax; jmp 3f; 2: ret; 3:" ::
            : "rax", "memory");
    unsigned short ds, ss, cs, es;
    __asm__ volatile("mov %%ds, %0; mov %%ss, %1; mov %%cs, %2; mov %%es, %3"
                     : "=r"(ds), "=r"(ss), "=r"(cs), "=r"(es));
    printf("%x %x %x %x\n", ds, ss, cs, es);
  }
  return app_status();
}

// Rip-relative operands with immediates of every size after them, lock prefixes, VEX and x87 forms.
// flags: -mavx
#include "app.h"
__asm__(
    ".data\n.balign 64\nlb: .quad 0x0102030405060708, 0x1112131415161718, 0x2122232425262728, "
    "0x3132333435363738, 0, 0, 0, 0\n.text\n");
int main(void) {
  for (int i = 0; i < 3; ++i) {
    unsigned long v, flags;
    __asm__ volatile("cmpb $8, lb(%%rip); pushfq; pop %0" : "=r"(flags)::"cc", "memory");
    printf("cmp imm8 %lx\n", flags & 0x8d5);
    __asm__ volatile("cmpw $0x708, lb(%%rip); pushfq; pop %0" : "=r"(flags)::"cc", "memory");
    printf("cmp imm16 %lx\n", flags & 0x8d5);
    __asm__ volatile("cmpl $0x5060709, lb(%%rip); pushfq; pop %0" : "=r"(flags)::"cc", "memory");
    printf("cmp imm32 %lx\n", flags & 0x8d5);
    __asm__ volatile("testq $0x08, lb(%%rip); pushfq; pop %0" : "=r"(flags)::"cc", "memory");
    printf("test imm32 %lx\n", flags & 0x8d5);
    __asm__ volatile("imul $300, lb(%%rip), %0" : "=r"(v)::"cc", "memory");
    printf("imul %lx\n", v);
    __asm__ volatile(
        "lock addq $5, lb+8(%%rip); lock incl lb+16(%%rip); mov $7, %%eax; lock xadd %%rax, "
        "lb+24(%%rip)"
        : "=a"(v)::"cc", "memory");
    printf("xadd %lx\n", v);
    __asm__ volatile(
        "shll $3, lb+4(%%rip); mov lb(%%rip), %0; shrl $3, lb+4(%%rip); shld $4, %0, lb+8(%%rip); "
        "shrd $4, %0, lb+8(%%rip)"
        : "=&r"(v)::"cc", "memory");
    printf("shl %lx\n", v);
    __asm__ volatile("lock cmpxchg16b lb(%%rip); mov lb+8(%%rip), %0"
                     : "=r"(v)
                     : "a"(0L), "d"(0L), "b"(0L), "c"(0L)
                     : "cc", "memory");
    printf("cmpxchg16b %lx\n", v);
    double d;
    __asm__ volatile("fildq lb+16(%%rip); fstpl %0" : "=m"(d)::"memory");
    printf("fild %g\n", d);
    if (__builtin_cpu_supports("avx")) {
      __asm__ volatile(
          "vmovdqu lb(%%rip), %%ymm1; vshufps $0x1b, lb+16(%%rip), %%xmm1, %%xmm2; vmovq %%xmm2, "
          "%0; vzeroupper"
          : "=r"(v)::"xmm1", "xmm2", "memory");
      printf("vshufps %lx\n", v);
    }
    __asm__ volatile("pshufd $0x4e, lb(%%rip), %%xmm1; movq %%xmm1, %0"
                     : "=r"(v)::"xmm1", "memory");
    printf("pshufd %lx\n", v);
    __asm__ volatile(
        "pushq lb(%%rip); popq lb+32(%%rip); mov lb+32(%%rip), %0; movzbl lb(%%rip), %%ecx; add "
        "%%rcx, %0"
        : "=r"(v)::"rcx", "memory", "cc");
    printf("push pop %lx\n", v);
    __asm__ volatile(
        "xor %%ecx, %%ecx; cmp %%ecx, %%ecx; cmove lb(%%rip), %%rcx; sete lb+40(%%rip); mov %%rcx, "
        "%0; setne lb+41(%%rip)"
        : "=r"(v)::"rcx", "memory", "cc");
    printf("cmov %lx\n", v);
    __asm__ volatile("xchg %0, lb+8(%%rip); xchg %0, lb+8(%%rip); lea lb(%%rip), %0; mov (%0), %0"
                     : "=r"(v)
                     : "0"(3L)
                     : "memory");
    printf("xchg lea %lx\n", v);
    __asm__ volatile(
        "mov $0, %%edx; mov $0x12345, %%eax; divl lb+4(%%rip); bt $3, lb(%%rip); adc $0, %%eax"
        : "=a"(v)::"rdx", "cc", "memory");
    printf("div %lx\n", v);
    __asm__ volatile(
        "movb $8, lb(%%rip); movw $0x708, lb(%%rip); movl $0x5060708, lb(%%rip); movq $-1, "
        "lb+32(%%rip); mov lb+32(%%rip), %0"
        : "=r"(v)::"memory");
    printf("mov imm %lx\n", v);
    __asm__ volatile("prefetcht0 lb(%%rip); clflush lb(%%rip); nopl lb(%%rip); lea lb(%%eip), %%eax"
                     : "=a"(v)::"memory");
    printf("prefetch\n");
    __asm__ volatile(
        "mov lb(%%rip), %%ah; mov lb+1(%%rip), %%ch; movzx %%ah, %%eax; movzx %%ch, %%ecx; shl $8, "
        "%%ecx; or %%ecx, %%eax"
        : "=a"(v)::"rcx", "memory");
    printf("high bytes %lx\n", v & 0xffff);
  }
  return app_status();
}

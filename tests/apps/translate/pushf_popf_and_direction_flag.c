// pushf and popf in 64 and 16 bits, lahf and sahf, and string operations in both directions.
#include "app.h"
int main(void) {
  unsigned long flags, more;
  for (int i = 0; i < 2; ++i) {
    __asm__ volatile(
        "sub $128, %%rsp; mov $0xffffffffffffffff, %%rax; mov $0x240ed5, %%eax; push %%rax; popfq; "
        "pushfq; pop %0; pushfw; pop %w1; pushq $0x202; popfq; add $128, %%rsp"
        : "=&r"(flags), "=&r"(more)::"rax", "cc", "memory");
    printf("%lx %lx\n", flags & 0x244fd5, more & 0xfd5);
    __asm__ volatile("mov $0xd5, %%ah; sahf; lahf; movzx %%ah, %%eax; cld" : "=a"(flags)::"cc");
    printf("%lx\n", flags);
    char from[32] = "abcdefghijklmnopqrstuvwxyz", to[32] = {0};
    void *s = from + 25, *d = to + 25;
    unsigned long n = 26;
    __asm__ volatile("std; rep movsb; cld" : "+S"(s), "+D"(d), "+c"(n)::"memory", "cc");
    printf("%s %ld %ld %lu\n", to, (long)((char*)s - from), (long)((char*)d - to), n);
    s = from, d = to + 1, n = 3;
    __asm__ volatile("rep movsq" : "+S"(s), "+D"(d), "+c"(n)::"memory");
    printf("%s\n", to);
    d = to, n = 32;
    __asm__ volatile("repne scasb" : "+D"(d), "+c"(n) : "a"('k') : "memory", "cc");
    printf("%ld %lu\n", (long)((char*)d - to), n);
    s = from, d = to, n = 20;
    __asm__ volatile("repe cmpsb" : "+S"(s), "+D"(d), "+c"(n)::"memory", "cc");
    printf("%lu\n", n);
    d = to + 8, n = 2;
    __asm__ volatile("std; rep stosl; cld" : "+D"(d), "+c"(n) : "a"(0x21212121) : "memory", "cc");
    printf("%s\n", to);
    s = from;
    unsigned long last;
    __asm__ volatile(
        "xor %%eax, %%eax; lodsb; push %%rax; lodsw; movzwl %%ax, %%eax; pop %%rdx; add %%rdx, "
        "%%rax"
        : "=&a"(last), "+S"(s)::"rdx", "memory", "cc");
    printf("%lx %ld\n", last, (long)((char*)s - from));
    __asm__ volatile("std; call 1f; jmp 2f; 1: pushfq; pop %0; ret; 2: cld"
                     : "=r"(flags)::"memory", "cc");
    printf("df in callee %lu\n", flags >> 10 & 1);
  }
  return app_status();
}

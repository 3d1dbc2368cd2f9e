// loop, loope, loopne, jrcxz and jecxz, with 64-bit and 32-bit counters; none of them touches a flag.
#include "app.h"

static void run(unsigned long count) {
  unsigned long c = count, n = 0, flags;
  __asm__ volatile("1: lea 1(%1), %1; loop 1b" : "+c"(c), "+r"(n)::"cc");
  printf("loop %lu: rcx %lx n %lu\n", count, c, n);
  c = count | 0x500000000ul, n = 0;
  __asm__ volatile("1: lea 1(%1), %1; .byte 0x67; loop 1b" : "+c"(c), "+r"(n)::"cc");
  printf("loop with ecx: rcx %lx n %lu\n", c, n);
  c = count, n = 0;
  __asm__ volatile("1: inc %1; cmp $3, %1; loopne 1b; pushfq; pop %2"
                   : "+c"(c), "+r"(n), "=r"(flags)::"cc");
  printf("loopne: rcx %lx n %lu zf %lu\n", c, n, flags >> 6 & 1);
  c = count, n = 0;
  __asm__ volatile("1: inc %1; test $4, %1; loope 1b; pushfq; pop %2"
                   : "+c"(c), "+r"(n), "=r"(flags)::"cc");
  printf("loope: rcx %lx n %lu flags %lx\n", c, n, flags & 0x8d5);
}

static void zero(unsigned long value) {
  unsigned long c = value, was_zero, low_zero, flags;
  __asm__ volatile(
      "stc; mov $1, %1; jrcxz 1f; mov $0, %1; 1: mov $1, %2; jecxz 2f; mov $0, %2; 2: pushfq; pop "
      "%3"
      : "+c"(c), "=&r"(was_zero), "=&r"(low_zero), "=r"(flags)::"cc");
  printf("%lx: jrcxz %lu jecxz %lu cf %lu rcx %lx\n", value, was_zero, low_zero, flags & 1, c);
}

int main(void) {
  run(1), run(2), run(3), run(4), run(7), run(100);
  zero(0), zero(1), zero(0x100000000), zero(0xffffffff), zero(0xffffffff00000000);
  return app_status();
}

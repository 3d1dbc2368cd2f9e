// Hot loops: nested, with early exits, with calls, one-instruction, and irreducible ones.
#include "app.h"
__attribute__((noinline)) static unsigned collatz(unsigned long n) {
  unsigned k = 0;
  while (n != 1) n = n & 1 ? 3 * n + 1 : n / 2, ++k;
  return k;
}
int main(void) {
  unsigned long sum = 0;
  for (unsigned i = 1; i < 20000; ++i) sum += collatz(i);
  printf("%lu\n", sum);
  unsigned long a = 0, n = 100000;
  // An irreducible loop: two entries.
  __asm__ volatile(
      "test $1, %1; jz 2f; 1: add $3, %0; dec %1; jz 3f; 2: add $5, %0; dec %1; jnz 1b; 3:"
      : "+r"(a), "+r"(n)::"cc");
  printf("%lu\n", a);
  n = 100000;
  __asm__ volatile("1: dec %0; jnz 1b" : "+r"(n)::"cc");
  n = 1000;
  __asm__ volatile("1: jmp 2f; 3: jmp 4f; 2: jmp 3b; 4: dec %0; jnz 1b" : "+r"(n)::"cc");
  for (unsigned i = 0; i < 300; ++i)
    for (unsigned j = 0; j < i; ++j)
      for (unsigned k = j; k < i; k += 3) {
        if ((i ^ j ^ k) % 17 == 5) break;
        sum += i * j + k;
      }
  printf("%lu %lu\n", sum, n);
  return app_status();
}

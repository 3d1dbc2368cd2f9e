// Calls and returns and little else.
#include <stdio.h>
#include <stdlib.h>

__attribute__((noinline, optimize("no-optimize-sibling-calls"))) static unsigned fibonacci(unsigned n) {
  if (n < 2) return n;
  const unsigned before = fibonacci(n - 1);
  __asm__ volatile("");  // keeps the compiler from unrolling the recursion into loops
  return before + fibonacci(n - 2);
}

int main(int argc, char** argv) {
  const long rounds = (argc > 1 ? atol(argv[1]) : 20) * 2;
  unsigned sum = 0;
  for (long i = 0; i < rounds; i++) sum += fibonacci(27);
  printf("%u\n", sum);
  return 0;
}

// Calls and returns and little else.
#include <stdio.h>
#include <stdlib.h>

// noipa: a compiler that sees that the function is pure calls it once, and inlines some of its
// calls.
__attribute__((noipa)) static unsigned fibonacci(unsigned n) {
  if (n < 2) return n;
  return fibonacci(n - 1) + fibonacci(n - 2);
}

int main(int argc, char** argv) {
  const long rounds = (argc > 1 ? atol(argv[1]) : 20) * 40;
  unsigned sum = 0;
  for (long i = 0; i < rounds; i++) sum += fibonacci(27);
  printf("%u\n", sum);
  return 0;
}

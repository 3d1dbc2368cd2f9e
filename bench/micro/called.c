// A function that does next to nothing, called as often as the argument says: what a probe there costs.
#include <stdlib.h>

__attribute__((noinline)) long probed(long n) {
  __asm__ volatile("" : "+r"(n));
  return n + 1;
}

int main(int argc, char** argv) {
  const long calls = argc > 1 ? atol(argv[1]) : 20000000;
  long sum = 0;
  for (long i = 0; i < calls; ++i) sum += probed(i & 1023);
  return sum == 0;
}

// One indirect call site with eight targets in an order that the predictor can learn only in part.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define FUNCTION(n) \
  __attribute__((noinline)) static uint64_t step##n(uint64_t x) { return x * (2 * n + 3) + n; }
FUNCTION(0)
FUNCTION(1) FUNCTION(2) FUNCTION(3) FUNCTION(4) FUNCTION(5) FUNCTION(6) FUNCTION(7)

    int main(int argc, char** argv) {
  static uint64_t (*const volatile steps[8])(uint64_t) = {step0, step1, step2, step3,
                                                          step4, step5, step6, step7};
  const long rounds = (argc > 1 ? atol(argv[1]) : 20) * 6000000L;
  uint64_t x = 1;
  for (long i = 0; i < rounds; i++) x = steps[(i ^ (i >> 5)) & 7](x);
  printf("%llu\n", (unsigned long long)x);
  return 0;
}

// One small function called from 64 places: its return has many targets, each call only one.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

__attribute__((noipa)) static uint64_t mix(uint64_t x) {
  return (x ^ (x >> 7)) * 0x9e3779b97f4a7c15u;
}

#define FOUR(x)   \
  x = mix(x);     \
  x = mix(x + 1); \
  x = mix(x ^ 3); \
  x = mix(x - 5);
#define SIXTEEN(x) FOUR(x) FOUR(x) FOUR(x) FOUR(x)

int main(int argc, char** argv) {
  const long rounds = (argc > 1 ? atol(argv[1]) : 20) * 250000L;
  uint64_t x = 1;
  for (long i = 0; i < rounds; i++) {
    SIXTEEN(x) SIXTEEN(x) SIXTEEN(x) SIXTEEN(x)
  }
  printf("%llu\n", (unsigned long long)x);
  return 0;
}

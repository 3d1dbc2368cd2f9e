// An interpreter's inner loop: a switch over byte codes, one indirect jump an operation.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { kLength = 1021 };

static uint64_t interpret(const uint8_t* code, uint64_t x) {
  for (int at = 0; at < kLength; at++) {
    switch (code[at]) {
      case 0:
        x += 7;
        break;
      case 1:
        x ^= x >> 3;
        break;
      case 2:
        x *= 5;
        break;
      case 3:
        x -= 11;
        break;
      case 4:
        x = x << 9 | x >> 55;
        break;
      case 5:
        x = ~x;
        break;
      case 6:
        x += x >> 7;
        break;
      case 7:
        x ^= 0x5bd1e995;
        break;
      case 8:
        at += (int)(x & 1);
        break;
      case 9:
        x = __builtin_bswap64(x);
        break;
      default:
        return x;
    }
  }
  return x;
}

int main(int argc, char** argv) {
  uint8_t code[kLength + 1];
  uint32_t seed = 1;
  for (int i = 0; i <= kLength; i++) {
    seed = seed * 1103515245 + 12345;
    code[i] = (uint8_t)((seed >> 16) % 10);
  }
  const long rounds = (argc > 1 ? atol(argv[1]) : 20) * 4000L;
  uint64_t x = 1;
  for (long i = 0; i < rounds; i++) x = interpret(code, x);
  printf("%llu\n", (unsigned long long)x);
  return 0;
}

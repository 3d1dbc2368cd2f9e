// Sieves, sorts and hashes; the same work each time, with no use of time, environment or addresses.
// flags: -static -O1 -g -fno-builtin
#include <stdio.h>
#include <stdlib.h>

enum { kSize = 20000 };
static unsigned char composite[kSize];
static unsigned values[kSize];

static int sieve(void) {
  int primes = 0;
  for (int i = 2; i < kSize; ++i) {
    if (composite[i]) continue;
    ++primes;
    for (int j = 2 * i; j < kSize; j += i) composite[j] = 1;
  }
  return primes;
}

static int compare(const void* a, const void* b) {
  const unsigned x = *(const unsigned*)a;
  const unsigned y = *(const unsigned*)b;
  return x < y ? -1 : x > y;
}

int main(void) {
  unsigned hash = 1;
  for (int i = 0; i < kSize; ++i) values[i] = hash = hash * 1664525u + 1013904223u;
  qsort(values, kSize, sizeof values[0], compare);
  for (int i = 0; i < kSize; ++i) hash = (hash ^ values[i]) * 16777619u;
  printf("%d %u\n", sieve(), hash);
  return 0;
}

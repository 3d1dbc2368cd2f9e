// Sieves, sorts and hashes as many numbers as its argument says, 100000 by default; the same work each time, with
// no use of time, environment or addresses, and with functions of its own: the C library's choose their code by the
// CPU, which is another one under valgrind.
// flags: -static -O1 -g -fno-builtin
#include <stdio.h>
#include <stdlib.h>

enum { kSize = 100000 };
static unsigned char composite[kSize];
static unsigned values[kSize];
static int size = kSize;

__attribute__((noinline)) static int sieve(void) {
  int primes = 0;
  for (int i = 2; i < kSize; ++i) {
    if (composite[i]) continue;
    ++primes;
    for (int j = 2 * i; j < kSize; j += i) composite[j] = 1;
  }
  return primes;
}

__attribute__((noinline)) static int less(unsigned x, unsigned y) { return x < y; }

__attribute__((noinline)) static void sort(void) {
  for (int gap = size / 2; gap > 0; gap /= 2) {
    for (int i = gap; i < size; ++i) {
      for (int j = i; j >= gap && less(values[j], values[j - gap]); j -= gap) {
        const unsigned swapped = values[j];
        values[j] = values[j - gap];
        values[j - gap] = swapped;
      }
    }
  }
}

int main(int argc, char** argv) {
  if (argc > 1) size = atoi(argv[1]);
  unsigned hash = 1;
  for (int i = 0; i < size; ++i) values[i] = hash = hash * 1664525u + 1013904223u;
  sort();
  for (int i = 0; i < size; ++i) hash = (hash ^ values[i]) * 16777619u;
  printf("%d %u\n", sieve(), hash);
  return 0;
}

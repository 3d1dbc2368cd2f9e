// Prints where its array lies; accesses it in known ways, first forwards, then by string instructions.
// flags: -O1 -g
#include <stdio.h>
#include <string.h>

static long words[64] __attribute__((aligned(4096)));
static char bytes[256] __attribute__((aligned(4096)));
static char copy[256] __attribute__((aligned(4096)));

int main(void) {
  printf("%p %p %p\n", (void*)words, (void*)bytes, (void*)copy);
  fflush(stdout);
  for (int i = 0; i < 64; ++i) {
    __asm__ volatile("movq %1, %0" : "=m"(words[i]) : "r"((long)i));
  }
  long sum = 0;
  for (int i = 63; i >= 0; --i) {
    __asm__ volatile("addq %1, %0" : "+r"(sum) : "m"(words[i]));
  }
  void* to = bytes;
  long count = 200;
  __asm__ volatile("rep stosb" : "+D"(to), "+c"(count) : "a"('x') : "memory");
  const void* from = bytes;
  to = copy;
  count = 25;
  __asm__ volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(count) : : "memory");
  printf("%ld %c\n", sum, copy[199]);
  return 0;
}

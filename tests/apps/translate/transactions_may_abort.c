// A transaction either commits or reaches its abort path; a program that retries must get one of the two.
#include <cpuid.h>

#include "app.h"
static volatile long counter;
int main(void) {
  unsigned a, b = 0, c, d;
  __get_cpuid_count(7, 0, &a, &b, &c, &d);
  if (!(b >> 11 & 1)) {
    puts("no RTM");
    return app_status();
  }
  long done = 0;
  for (int i = 0; i < 100; ++i) {
    unsigned status = ~0u;
    __asm__ volatile("xbegin 1f; incq %1; xend; 1:" : "+a"(status), "+m"(counter)::"memory");
    if (status != ~0u) ++counter;  // aborted
    ++done;
  }
  printf("%ld %ld\n", done, counter);
  return app_status();
}

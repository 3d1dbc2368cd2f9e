// cpuid, xgetbv, rdtsc and rdtscp work; what cannot differ between runs is compared.
#include <cpuid.h>

#include "app.h"
int main(void) {
  for (unsigned leaf = 0; leaf <= 7; ++leaf) {
    unsigned a, b, c, d;
    __cpuid_count(leaf, 0, a, b, c, d);
    if (leaf == 1) b &= 0x00ffffff;  // the APIC id changes with the core
    if (leaf == 4 || leaf == 2) continue;
    printf("%u: %08x %08x %08x %08x\n", leaf, a, b, c, d);
  }
  unsigned low, high, aux;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  printf("xcr0 %x %x\n", high, low);
  unsigned long last = 0;
  int rises = 1;
  for (int i = 0; i < 1000; ++i) {
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    unsigned long now = (unsigned long)high << 32 | low;
    rises &= now >= last;
    last = now;
    __asm__ volatile("rdtscp" : "=a"(low), "=d"(high), "=c"(aux));
    now = (unsigned long)high << 32 | low;
    rises &= now >= last;
    last = now;
  }
  printf("rises %d\n", rises);
  return app_status();
}

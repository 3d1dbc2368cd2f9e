// flags: -no-pie -fno-pie
// Absolute 32-bit addressing of a jump table, as fixed-address executables use it, with and without a SIB byte.
#include "app.h"
__asm__(
    ".text\nfirst: mov $1, %eax; ret\nsecond: mov $2, %eax; ret\n.data\n.globl "
    "low_table\nlow_table: .quad first, second\n.text\n");
extern void* low_table[2];
int main(void) {
  for (unsigned long i = 0; i < 6; ++i) {
    long by_index, by_address;
    __asm__ volatile("sub $128, %%rsp; call *low_table(,%1,8); add $128, %%rsp"
                     : "=a"(by_index)
                     : "r"(i & 1)
                     : "memory", "cc");
    __asm__ volatile("sub $128, %%rsp; call *low_table; add $128, %%rsp"
                     : "=a"(by_address)::"memory", "cc");
    printf("%ld %ld\n", by_index, by_address);
  }
  return app_status();
}

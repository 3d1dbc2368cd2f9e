// Branches over the whole address space in big steps: none finds anything that is not the program'\''s.
#include "wild.h"
int main(void) {
  handle(SIGSEGV, wild_report, SA_NODEFER);
  for (unsigned long target = 0x10000000000; target < 0x7f0000000000;
       target += 0x10000000000 + 0x123456000) {
    char name[40];
    snprintf(name, sizeof name, "%lx", target);
    unsigned char resident;
    if (mincore((void*)(target & ~0xffful), 4096, &resident) == 0) continue;
    wild_target = target;
    printf("%s", name);
    WILD_VIA("jmp", "mov $9, %%r9d; jmp *%%rax;")
  }
  return app_status();
}

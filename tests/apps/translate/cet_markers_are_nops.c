// flags: -fcf-protection=full
// endbr64, rdssp and notrack branches run as they do without CET.
#include "app.h"
__attribute__((noinline)) static int pick(int i) {
  switch (i) {
    case 0:
      return 5;
    case 1:
      return 9;
    case 2:
      return -3;
    case 3:
      return 44;
    case 4:
      return 12;
    case 5:
      return i * 7;
    case 6:
      return 1;
    default:
      return 0;
  }
}
int main(int argc, char** argv) {
  unsigned long v = 0x77;
  __asm__ volatile("rdsspq %0" : "+r"(v));
  printf("%lx\n", v);
  __asm__ volatile("endbr64; endbr32; lea 1f(%%rip), %%rax; notrack jmp *%%rax; ud2; 1: endbr64" ::
                       : "rax");
  int (*volatile f)(int) = pick;
  for (int i = 0; i < 10; ++i) printf("%d\n", f(i * argc));
  return app_status();
}

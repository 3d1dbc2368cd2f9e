// exits: SIGSEGV
// A fault whose signal is ignored kills all the same.
#include "app.h"
int main(void) {
  puts("before");
  signal(SIGSEGV, SIG_IGN);
  printf("%d\n", *(volatile int*)8);
  puts("after");
  return 1;
}

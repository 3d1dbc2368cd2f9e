// exits: SIGSEGV
// A null read kills with SIGSEGV.
#include "app.h"
int main(void) {
  puts("before");
  printf("%d\n", *(volatile int*)8);
  puts("after");
  return 1;
}

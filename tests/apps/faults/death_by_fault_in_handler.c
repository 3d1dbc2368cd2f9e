// exits: SIGSEGV
// A second fault inside the handler, without SA_NODEFER, kills.
#include "app.h"
int main(void) {
  puts("before");
  void again(int n) {
    puts("handler");
    *(volatile int*)16 = 1;
  }
  signal(SIGSEGV, again);
  *(volatile int*)8 = 1;
  puts("after");
  return 1;
}

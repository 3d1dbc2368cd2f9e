// exits: SIGILL
// An undefined instruction kills with SIGILL.
#include "app.h"
int main(void) {
  puts("before");
  __asm__ volatile("ud2");
  puts("after");
  return 1;
}

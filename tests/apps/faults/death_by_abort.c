// exits: SIGABRT
// abort() kills with SIGABRT.
#include "app.h"
int main(void) {
  puts("before");
  abort();
  puts("after");
  return 1;
}

// exits: SIGBUS
// A page of a mapping beyond the end of its file kills with SIGBUS.
#include "app.h"
int main(void) {
  puts("before");
  volatile char* page = mmap(NULL, 4096, PROT_READ, MAP_SHARED, memfd_create("empty", 0), 0);
  printf("%d\n", page[0]);
  puts("after");
  return 1;
}

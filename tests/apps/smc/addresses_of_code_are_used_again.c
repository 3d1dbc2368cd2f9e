// Code that one thread unmaps, or moves away, and another maps at the same address the next moment:
// what runs is the new code.
#define _GNU_SOURCE
#include <sys/mman.h>

#include "smc.h"

static long body(int number, void* shared) {
  (void)shared;
  long wrong = 0;
  for (int i = 0; i < 400; ++i) {
    const int value = number * 100000 + i;
    unsigned char* code = map_rwx(2);
    write_function(code, value);
    write_function(code + 4096, value + 50000);
    wrong += call(code) != value;
    wrong += call(code + 4096) != value + 50000;
    if (i % 3 == 0) {
      code = (unsigned char*)mremap(code, 8192, 4096, 0);
      REQUIRE(code != MAP_FAILED);
      wrong += call(code) != value;
      munmap(code, 4096);
    } else if (i % 3 == 1) {
      unsigned char* place = map_pages(2, PROT_NONE);
      REQUIRE(mremap(code, 8192, 8192, MREMAP_MAYMOVE | MREMAP_FIXED, place) == place);
      wrong += call(place) != value;
      munmap(place, 8192);
    } else {
      munmap(code, 8192);
    }
  }
  return wrong;
}

int main(void) {
  alone_and_together("wrong", body, NULL);
  return app_status();
}

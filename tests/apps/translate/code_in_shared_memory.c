// One page of memory mapped twice, written through one view and run through the other.
#include "app.h"
int main(void) {
  int fd = memfd_create("code", 0);
  REQUIRE(fd >= 0 && ftruncate(fd, 4096) == 0);
  unsigned char* writable = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  unsigned char* runs = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
  REQUIRE(writable != MAP_FAILED && runs != MAP_FAILED);
  long sum = 0;
  for (int i = 0; i < 100; ++i) {
    // Each function at a fresh place, as a JIT with two views appends them.
    memcpy(writable + 32 * i, "\xb8\x00\x00\x00\x00\xc3", 6);
    writable[32 * i + 1] = (unsigned char)i;
    sum += ((int (*)(void))(runs + 32 * i))();
  }
  printf("%ld\n", sum);
  return app_status();
}

// RLIMIT_DATA stops the break, private writable mappings, their growth and their becoming writable. A soft limit of 0
// stops the break alone.
#include <sys/resource.h>

#include "app.h"

enum { kMegabyte = 1 << 20 };

static void limit_data(unsigned long bytes) {
  const struct rlimit limit = {bytes, RLIM_INFINITY};
  EXPECT(setrlimit(RLIMIT_DATA, &limit) == 0);
}

static int error_of(void* place) { return place == MAP_FAILED ? errno : 0; }
static void* map(size_t size, int prot, int flags) { return mmap(NULL, size, prot, flags | MAP_ANONYMOUS, -1, 0); }

int main(void) {
  setvbuf(stdout, NULL, _IONBF, 0);
  const int both = PROT_READ | PROT_WRITE;
  REQUIRE(sbrk(4096) != (void*)-1);
  char* old = map(2 * kMegabyte, both, MAP_PRIVATE);
  char* growing = map(2 * kMegabyte, both, MAP_PRIVATE);
  size_t size = 2 * kMegabyte;
  char* readable = map(8 * kMegabyte, PROT_READ, MAP_PRIVATE);
  const long steps[] = {4096, 65536, kMegabyte, 64L * kMegabyte};
  const unsigned long limits[] = {kMegabyte, 0, 1ul << 40};
  for (int k = 0; k < 3; ++k) {
    limit_data(limits[k]);
    printf("limit %lu\n", limits[k]);
    for (int i = k == 0 ? 2 : 0; i < 4; ++i) {
      const void* grown = sbrk(steps[i]);
      printf("break by %ld: %d\n", steps[i], grown == (void*)-1 ? errno : 0);
      if (grown != (void*)-1) sbrk(-steps[i]);
    }
    printf("private %d\n", error_of(map(8 * kMegabyte, both, MAP_PRIVATE)));
    printf("shared %d\n", error_of(map(8 * kMegabyte, both, MAP_SHARED)));
    printf("read-only %d\n", error_of(map(8 * kMegabyte, PROT_READ, MAP_PRIVATE)));
    printf("in place of its own kind %d\n", error_of(mmap(old, kMegabyte, both, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0)));
    printf("not open: %d\n", error_of(mmap(NULL, 4096, both, MAP_PRIVATE, -1, 0)));
    printf("becomes writable %d\n", mprotect(readable, 8 * kMegabyte, both) == 0 ? 0 : errno);
    char* grown = mremap(growing, size, 2 * size, MREMAP_MAYMOVE);
    printf("grows %d\n", error_of(grown));
    if (grown != MAP_FAILED) {
      growing = grown;
      size *= 2;
    }
  }
  return 0;
}

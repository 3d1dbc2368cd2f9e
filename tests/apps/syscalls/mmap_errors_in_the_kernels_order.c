// Of several things wrong with a call of mmap or shmat, the kernel's order decides which error is told; and a fixed
// mapping that fails leaves nothing behind.
#include <sys/shm.h>

#include "app.h"

int main(void) {
  const int file = open("/proc/self/exe", O_RDONLY);
  const int writer = open("/dev/null", O_WRONLY);
  const int files[] = {-1, file, writer};
  const int types[] = {0, MAP_PRIVATE, MAP_SHARED, MAP_SHARED_VALIDATE};
  const int places[] = {0, MAP_FIXED, MAP_FIXED_NOREPLACE};
  char* taken = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  void* const addresses[] = {NULL, taken, taken + 1, (void*)0x7ffffffff000, (void*)0x123450000000};
  const unsigned long lengths[] = {0, 4096, 1ul << 47, ~0ul - 4095, ~0ul};
  const long offsets[] = {0, 1, 1L << 62, -4096};
  unsigned long digest = 0;
  for (int f = 0; f < 3; ++f) {
    for (int t = 0; t < 4; ++t) {
      for (int p = 0; p < 3; ++p) {
        for (int a = 0; a < 5; ++a) {
          for (int l = 0; l < 5; ++l) {
            for (int o = 0; o < 4; ++o) {
              if (addresses[a] == taken && places[p] == MAP_FIXED) continue;
              errno = 0;
              char* got = mmap(addresses[a], lengths[l], PROT_READ | PROT_WRITE, types[t] | places[p], files[f], offsets[o]);
              if (got != MAP_FAILED) munmap(got, 4096);
              digest = digest * 31 + (got == MAP_FAILED ? (unsigned long)errno : 0);
              if (o == 0 && l < 2) printf("%d%d%d%d%d: %d\n", f, t, p, a, l, got == MAP_FAILED ? errno : 0);
            }
          }
        }
      }
    }
  }
  printf("%lx\n", digest);
  // The place where a mapping failed is as free as it was.
  char* const place = (char*)0x123450000000;
  EXPECT(mmap(place, 8192, PROT_WRITE, MAP_SHARED | MAP_FIXED, file, 0) == MAP_FAILED && errno == EACCES);
  EXPECT(mmap(place, 8192, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == place);
  errno = 0;
  EXPECT(shmat(-1, NULL, 0) == (void*)-1);
  printf("shmat %d\n", errno);
  EXPECT(shmat(-1, (void*)1, 0) == (void*)-1);
  printf("shmat %d\n", errno);
  return 0;
}

// Address space far larger than memory is reserved, used at both ends, grown and given back, one mapping after the
// other and several at once; steps over all of user memory are mapped at fixed addresses.
#include "app.h"

enum { kReserved = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE };
static const unsigned long kTera = 1ul << 40;

static char* reserve(unsigned long size, int prot) { return mmap(NULL, size, prot, kReserved, -1, 0); }

static int is_usable(char* place, unsigned long size) {
  if (place == MAP_FAILED) return 0;
  const unsigned long page = 4096;
  if (mprotect(place, page, PROT_READ | PROT_WRITE) != 0) return 0;
  if (mprotect(place + size - page, page, PROT_READ | PROT_WRITE) != 0) return 0;
  place[0] = 1;
  place[size - 1] = 2;
  return place[0] + place[size - 1] == 3;
}

int main(void) {
  const unsigned long sizes[] = {1, 3, 4, 8, 16, 32, 48, 64};
  for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; ++i) {
    const unsigned long size = sizes[i] * kTera;
    char* place = reserve(size, PROT_NONE);
    printf("%lu TB: %d\n", sizes[i], is_usable(place, size));
    EXPECT(place == MAP_FAILED || munmap(place, size) == 0);
  }
  char* several[8];
  for (int i = 0; i < 8; ++i) {
    several[i] = reserve(4 * kTera, PROT_READ | PROT_WRITE);
    printf("%d: %d\n", i, is_usable(several[i], 4 * kTera));
  }
  for (int i = 0; i < 8; ++i) munmap(several[i], 4 * kTera);
  char* small = reserve(kTera, PROT_READ | PROT_WRITE);
  small[0] = 7;
  char* grown = mremap(small, kTera, 10 * kTera, MREMAP_MAYMOVE);
  printf("grown: %d\n", grown != MAP_FAILED && grown[0] == 7 && is_usable(grown, 10 * kTera));
  EXPECT(munmap(grown, 10 * kTera) == 0);
  printf("too large: %d\n", reserve(127 * kTera, PROT_NONE) == MAP_FAILED ? errno : 0);
  // Within: what else is mapped there is the program's own, or the kernel's.
  int refused = 0;
  for (unsigned long at = kTera / 2; at < 127 * kTera; at += kTera / 2) {
    char* place = mmap((void*)at, kTera / 2, PROT_NONE, kReserved | MAP_FIXED_NOREPLACE, -1, 0);
    if (place == MAP_FAILED) ++refused;
    else EXPECT(munmap(place, kTera / 2) == 0);
  }
  printf("few are refused: %d\n", refused < 8);
  return app_status();
}

// mremap of a range of several mappings, with holes and code among them: as this kernel does it, all of it or not at all.
#include "app.h"

enum { kPages = 6, kReadWrite = PROT_READ | PROT_WRITE, kFixed = MREMAP_MAYMOVE | MREMAP_FIXED };

static void show(const char* what, const char* area) {
  printf("%s:", what);
  for (int i = 0; i < kPages; ++i) {
    const unsigned long at = (unsigned long)area + 4096L * i;
    FILE* maps = fopen("/proc/self/maps", "r");
    char line[512], found[8] = "none", prot[8];
    unsigned long start, end;
    while (fgets(line, sizeof line, maps)) {
      if (sscanf(line, "%lx-%lx %7s", &start, &end, prot) == 3 && start <= at && at < end) strcpy(found, prot);
    }
    fclose(maps);
    printf(" %s", found);
    if (found[0] == 'r') printf(" %d", area[4096 * i + 100]);
  }
  printf("\n");
}

static char* map_area(void) {
  char* area = mmap(NULL, kPages * 4096, kReadWrite, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  REQUIRE(area != MAP_FAILED);
  return area;
}

static const char* answer(const void* result) { return result == MAP_FAILED ? strerror(errno) : "moved"; }

static void move(int hole, int flags, int onto) {
  char *from = map_area(), *to = map_area();
  // mov eax, 7; ret
  memcpy(from + 2 * 4096, "\xb8\x07\0\0\0\xc3", 6);
  for (int i = 0; i < kPages; ++i) from[4096 * i + 100] = i + 1, to[4096 * i + 100] = 101 + i;
  mprotect(from + 4096, 4096, PROT_READ);
  mprotect(from + 2 * 4096, 4096, kReadWrite | PROT_EXEC);
  EXPECT(((int (*)(void))(from + 2 * 4096))() == 7);
  if (hole) munmap(from + 3 * 4096, 4096);
  mprotect(from + 4 * 4096, 4096, PROT_READ | PROT_EXEC);
  if (!onto) munmap(to, kPages * 4096);
  const char* result = mremap(from, kPages * 4096, kPages * 4096, kFixed | flags, to);
  printf("hole %d, flags %d, onto %d: %s\n", hole, flags, onto, answer(result));
  show("from", from);
  show("to", to);
  if (result == to) {
    EXPECT(((int (*)(void))(to + 2 * 4096))() == 7);
    to[2 * 4096 + 1] = 8;
    EXPECT(((int (*)(void))(to + 2 * 4096))() == 8);
  }
  munmap(from, kPages * 4096);
  munmap(to, kPages * 4096);
}

int main(void) {
  for (int i = 0; i < 8; ++i) move(i & 1, i & 2 ? MREMAP_DONTUNMAP : 0, i >> 2);
  char *from = map_area(), *to = map_area();
  mprotect(from + 4096, 4096, PROT_READ);
  printf("to grow: %s\n", answer(mremap(from, kPages * 4096, 2 * kPages * 4096, MREMAP_MAYMOVE)));
  printf("to shrink: %s\n", answer(mremap(from, kPages * 4096, 2 * 4096, kFixed, to)));
  printf("across itself: %s\n", answer(mremap(from, 4 * 4096, 4 * 4096, kFixed, from + 4096)));
  munmap(from, 4096);
  printf("from nothing: %s\n", answer(mremap(from, 4 * 4096, 4 * 4096, kFixed, to)));
  return app_status();
}

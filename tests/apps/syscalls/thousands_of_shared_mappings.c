// Thousands of shared mappings of one file, as databases and mail servers have them: none costs more for the others.
#include "app.h"

enum { kMappings = 30000, kSeconds = 30 };
static char* places[kMappings];

int main(void) {
  const int file = memfd_create("data", 0);
  REQUIRE(ftruncate(file, 2 * 4096) == 0);
  alarm(kSeconds);
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < kMappings; ++i) {
      places[i] = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, i % 2 * 4096L);
      REQUIRE(places[i] != MAP_FAILED);
      *(volatile int*)places[i] += i;
    }
    printf("%d %d\n", *(int*)places[0], *(int*)places[1]);
    // What is left is used again.
    for (int i = 0; i < kMappings; i += 1 + round) munmap(places[i], 4096);
  }
  return 0;
}

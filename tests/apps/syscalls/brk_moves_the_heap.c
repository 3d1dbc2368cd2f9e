// brk and sbrk grow, shrink and refuse as natively; fresh memory is zero; the heap is listed in maps.
#include "app.h"
int main(void) {
  char* start = sbrk(0);
  EXPECT(start != (void*)-1);
  EXPECT(syscall(SYS_brk, 0) == (long)start);
  EXPECT(sbrk(10000) == start);
  for (int i = 0; i < 10000; ++i) {
    EXPECT(start[i] == 0);
    start[i] = (char)i;
  }
  EXPECT(brk(start + (1 << 20)) == 0);
  EXPECT(start[9999] == (char)9999 && start[(1 << 20) - 1] == 0);
  start[8192] = 77;
  EXPECT(brk(start + 4096) == 0);
  EXPECT(brk(start + 20000) == 0);
  EXPECT(start[8192] == 0);
  EXPECT(syscall(SYS_brk, (long)start + 12345) == (long)start + 12345);
  EXPECT(syscall(SYS_brk, 1) == (long)start + 12345);
  EXPECT(brk((void*)0x7fffffffffff) == -1 && errno == ENOMEM);
  EXPECT(syscall(SYS_brk, -1L) == (long)start + 12345);
  char line[512];
  int found = 0;
  FILE* maps = fopen("/proc/self/maps", "r");
  while (fgets(line, sizeof line, maps)) found += strstr(line, "[heap]") != NULL;
  printf("[heap] lines %d\n", found);
  return app_status();
}

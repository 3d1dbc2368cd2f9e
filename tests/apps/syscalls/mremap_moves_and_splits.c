// mremap grows in place or by moving, shrinks, goes to a fixed place, duplicates; code that moves still runs.
#include "app.h"
int main(void) {
  char* a = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  memset(a, 'x', 3 * 4096);
  char* b = mmap(a + 2 * 4096, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  EXPECT(mremap(a, 2 * 4096, 4 * 4096, 0) == MAP_FAILED && errno == ENOMEM);
  char* moved = mremap(a, 2 * 4096, 4 * 4096, MREMAP_MAYMOVE);
  EXPECT(moved != MAP_FAILED && moved != a && moved[8191] == 'x' && moved[8192] == 0);
  EXPECT(mremap(moved, 4 * 4096, 4096, 0) == moved);
  char* target = mmap(NULL, 8192, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  EXPECT(mremap(moved, 4096, 8192, MREMAP_MAYMOVE | MREMAP_FIXED, target) == target &&
         target[4095] == 'x' && target[4096] == 0);
  EXPECT(mremap(target, 4096, 4096, MREMAP_FIXED, a) == MAP_FAILED && errno == EINVAL);
  unsigned char* code = code_area("\xb8\x05\x00\x00\x00\xc3", 6);
  printf("%d\n", ((int (*)(void))code)());
  for (int i = 0; i < 10; ++i) {
    char* place = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    unsigned char* now = mremap(code, 4096, 4096, MREMAP_MAYMOVE | MREMAP_FIXED, place);
    EXPECT(now == (unsigned char*)place);
    code = now;
    code[1] = (unsigned char)(10 + i);
    printf("%d\n", ((int (*)(void))code)());
  }
  munmap(b, 4096);
  return app_status();
}

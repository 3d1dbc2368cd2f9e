// Parts of a mapping go; code in the other parts still runs, code in the gone part faults, new code there runs.
#include <setjmp.h>

#include "app.h"
static sigjmp_buf back;
static void leave(int number, siginfo_t* info, void* context) { siglongjmp(back, 1); }
int main(void) {
  handle(SIGSEGV, leave, 0);
  char* area =
      mmap(NULL, 8 * 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  for (int i = 0; i < 8; ++i) {
    memcpy(area + i * 4096, "\xb8\x00\x00\x00\x00\xc3", 6);
    area[i * 4096 + 1] = (char)i;
  }
  for (volatile int gone = -1; gone < 8; gone += 2) {
    if (gone >= 0) munmap(area + gone * 4096, 4096);
    for (volatile int i = 0; i < 8; ++i) {
      if (sigsetjmp(back, 1) == 0)
        printf(" %d", ((int (*)(void))(area + i * 4096))());
      else
        printf(" -");
    }
    puts("");
  }
  char* again = mmap(area + 3 * 4096, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  memcpy(again, "\xb8\x63\x00\x00\x00\xc3", 6);
  printf("%d\n", ((int (*)(void))again)());
  return app_status();
}

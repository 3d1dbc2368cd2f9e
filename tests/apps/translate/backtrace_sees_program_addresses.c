// flags: -rdynamic -fno-omit-frame-pointer -fno-optimize-sibling-calls
// backtrace() and frame pointers show the program's own return addresses.
#include <execinfo.h>

#include "app.h"
__attribute__((noinline)) void third(void) {
  void* frames[32];
  int n = backtrace(frames, 32);
  char** names = backtrace_symbols(frames, n);
  for (int i = 0; i < n && i < 4; ++i) {
    char *open = strchr(names[i], '('), *end = strchr(names[i], ')');
    printf("%.*s\n", open && end ? (int)(end - open) : 1, open ? open : "?");
  }
  void** frame = __builtin_frame_address(0);
  for (int i = 0; i < 3; ++i, frame = *frame) printf("%d\n", frame[1] == frames[i + 1]);
}
__attribute__((noinline)) void second(void) {
  third();
  __asm__ volatile("");
}
__attribute__((noinline)) void first(void) {
  second();
  __asm__ volatile("");
}
int main(void) {
  first();
  return app_status();
}

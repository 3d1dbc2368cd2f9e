// The main stack: pthread_getattr_np, its limit, growth by deep recursion and by far touches.
#include <pthread.h>
#include <sys/resource.h>

#include "app.h"
__attribute__((noinline)) static long deep(long n) {
  volatile char frame[4000];
  frame[0] = (char)n;
  return n == 0 ? 0 : deep(n - 1) + frame[0];
}
int main(void) {
  pthread_attr_t attributes;
  void* low;
  size_t size;
  pthread_getattr_np(pthread_self(), &attributes);
  pthread_attr_getstack(&attributes, &low, &size);
  char here;
  EXPECT(&here > (char*)low && &here < (char*)low + size);
  printf("%d MB\n", (int)((size + (1 << 19)) >> 20));
  printf("%ld\n", deep(1500));
  volatile char* far = (char*)__builtin_frame_address(0) - (6 << 20);
  *far = 1;
  char line[512];
  FILE* maps = fopen("/proc/self/maps", "r");
  int stacks = 0;
  while (fgets(line, sizeof line, maps)) {
    unsigned long from, to;
    if (!strstr(line, "[stack]")) continue;
    ++stacks;
    sscanf(line, "%lx-%lx", &from, &to);
    EXPECT((unsigned long)far >= from && (unsigned long)&here < to);
  }
  printf("stacks %d\n", stacks);
  struct rlimit limit;
  getrlimit(RLIMIT_STACK, &limit);
  printf("%ld\n", (long)limit.rlim_cur);
  return app_status();
}

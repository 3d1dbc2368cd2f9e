// A write barrier by protection, as garbage collectors use it: each first write to a page faults once.
#include "app.h"
static char* heap;
static int faults;
static void unprotect(int number, siginfo_t* info, void* context) {
  ++faults;
  mprotect((void*)((long)info->si_addr & ~4095L), 4096, PROT_READ | PROT_WRITE);
}
int main(void) {
  handle(SIGSEGV, unprotect, 0);
  heap = mmap(NULL, 64 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  for (int round = 0; round < 10; ++round) {
    mprotect(heap, 64 * 4096, PROT_READ);
    for (int i = 0; i < 64 * 4096; i += 512) heap[i] = (char)(heap[i] + 1);
    memset(heap + 1000, round, 10000);
  }
  long sum = 0;
  for (int i = 0; i < 64 * 4096; ++i) sum += heap[i];
  printf("%d %ld\n", faults, sum);
  return app_status();
}

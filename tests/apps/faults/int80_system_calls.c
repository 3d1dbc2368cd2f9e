// skip-status: SIGSEGV
// int 0x80 runs the 32-bit system calls where the kernel has them: getpid, and an unknown number.
#include "app.h"
int main(void) {
  long pid, bad, rcx = 0x1234;
  for (int i = 0; i < 3; ++i) {
    __asm__ volatile("int $0x80" : "=a"(pid), "+c"(rcx) : "0"(20L) : "memory", "cc");
    __asm__ volatile("int $0x80" : "=a"(bad) : "0"(9999L) : "memory", "cc");
    printf("%d %ld rcx %lx\n", pid == getpid(), bad, rcx);
  }
  return app_status();
}

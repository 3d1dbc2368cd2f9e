// A thread made by clone alone, without TLS, as small runtimes make them: it runs, writes, clears its tid, exits.
#include <linux/futex.h>
#include <sched.h>

#include "app.h"
static char stack[65536] __attribute__((aligned(16)));
static volatile int shared, child_tid = -1, parent_tid;
int main(void) {
  for (int i = 0; i < 20; ++i) {
    long result;
    register long r10 __asm__("r10") = (long)&child_tid;
    register long r8 __asm__("r8") = 0;
    child_tid = -1;
    // The child has its own stack and calls nothing: lock inc, then exit.
    __asm__ volatile(
        "syscall; test %%rax, %%rax; jnz 1f; lock incl shared_word(%%rip); mov $60, %%eax; xor "
        "%%edi, %%edi; syscall; ud2; 1:"
        : "=a"(result)
        : "0"(SYS_clone),
          "D"(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM |
              CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID),
          "S"(stack + sizeof stack), "d"(&parent_tid), "r"(r10), "r"(r8)
        : "rcx", "r11", "memory", "cc");
    EXPECT(result > 0 && parent_tid == result);
    while (child_tid != 0)
      syscall(SYS_futex, &child_tid, FUTEX_WAIT, -1, &(struct timespec){0, 1000000}, NULL, 0);
  }
  extern int shared_word;
  printf("%d\n", shared_word);
  return app_status();
}
int shared_word;

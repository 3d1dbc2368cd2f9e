// flags: -mfsgsbase
// Each thread its own gs base, by arch_prctl and (where there is it) wrgsbase, kept across switches, signals and system calls.
#include <asm/prctl.h>
#include <pthread.h>
#include <sched.h>

#include "app.h"
static void note(int number, siginfo_t* info, void* context) {
  unsigned long v;
  __asm__ volatile("mov %%gs:0, %0" : "=r"(v));
}
static void* work(void* arg) {
  unsigned long block[4] = {(unsigned long)arg, 0, 0, 0}, v, wrong = 0;
  if ((long)arg & 1 || !has_fsgsbase())
    syscall(SYS_arch_prctl, ARCH_SET_GS, block);
  else
    __asm__ volatile("wrgsbase %0" ::"r"(block));
  for (int i = 0; i < 3000; ++i) {
    __asm__ volatile("incq %%gs:8; mov %%gs:0, %0" : "=r"(v)::"memory");
    wrong += v != (unsigned long)arg;
    if (i % 100 == 0) raise(SIGUSR1), sched_yield();
  }
  return (void*)(block[1] + wrong * 100000);
}
int main(void) {
  handle(SIGUSR1, note, 0);
  pthread_t threads[6];
  for (long i = 0; i < 6; ++i) pthread_create(&threads[i], NULL, work, (void*)(i + 1));
  for (int i = 0; i < 6; ++i) {
    void* result;
    pthread_join(threads[i], &result);
    printf("%ld\n", (long)result);
  }
  return app_status();
}

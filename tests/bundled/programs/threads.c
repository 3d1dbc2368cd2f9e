// Four threads, each of which executes spin() with another count; then a child that does a little.
// flags: -O1 -g
#include <pthread.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

// Two instructions a turn.
__attribute__((noinline)) void spin(long turns) {
  __asm__ volatile("1: dec %0; jnz 1b" : "+r"(turns));
}

static void* run(void* count) {
  spin((long)count);
  return NULL;
}

int main(void) {
  pthread_t threads[4];
  for (long i = 0; i < 4; ++i) pthread_create(&threads[i], NULL, run, (void*)(1000000 * (i + 1)));
  for (int i = 0; i < 4; ++i) pthread_join(threads[i], NULL);
  const pid_t child = fork();
  if (child == 0) {
    spin(100000);
    _exit(0);
  }
  waitpid(child, NULL, 0);
  printf("%d\n", (int)child);
  return 0;
}

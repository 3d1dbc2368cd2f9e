// One thread that counts, in code that runs from the cache, and one that waits in a system call.
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

volatile unsigned long counted;

__attribute__((noinline)) void count_for_ever(unsigned long step) {
  for (;;) counted += step;
}

__attribute__((noinline)) void call_counter(unsigned long step) {
  count_for_ever(step);
  counted = 0;
}

__attribute__((noinline)) void wait_here(int fd) {
  char byte;
  while (read(fd, &byte, 1) == 1) counted = 0;
}

static void* wait_for_ever(void* fd) {
  wait_here(*(int*)fd);
  return 0;
}

int main(void) {
  int ends[2];
  pthread_t waiting;
  if (pipe(ends) != 0 || pthread_create(&waiting, 0, wait_for_ever, ends) != 0) return 1;
  puts("ready");
  fflush(stdout);
  call_counter(3);
  return 0;
}

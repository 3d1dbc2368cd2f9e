// One thread moves the program break while another forks: neither waits for ever, and each child knows its break.
#include <pthread.h>

#include "app.h"

static volatile int done;

static void* mover(void* unused) {
  while (!done) {
    sbrk(4096);
    sbrk(-4096);
  }
  return NULL;
}

int main(void) {
  pthread_t thread;
  pthread_create(&thread, NULL, mover, NULL);
  int ended = 0;
  for (int i = 0; i < 60; ++i) {
    const pid_t child = fork();
    if (child == 0) _exit(syscall(SYS_brk, 0) == 0);
    ended += wait_for(child) == 0;
  }
  done = 1;
  pthread_join(thread, NULL);
  printf("%d children ended well\n", ended);
  return app_status();
}

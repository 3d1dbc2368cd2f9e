// A thread's vfork child is killed in the middle of a loop: the thread goes on, again and again, with the C library's
// own locks, allocator and thread-local storage as they were.
#include <pthread.h>

#include "app.h"

static volatile pid_t child_now;

static void* killer(void* unused) {
  for (int i = 0; i < 8; ++i) {
    while (child_now == 0) usleep(200);
    usleep(3000);
    const pid_t victim = child_now;
    child_now = 0;
    kill(victim, i % 2 == 0 ? SIGKILL : SIGTERM);
  }
  return NULL;
}

static __thread long own = 41;

int main(void) {
  pthread_t thread;
  pthread_create(&thread, NULL, killer, NULL);
  for (int i = 0; i < 8; ++i) {
    const pid_t child = vfork();
    if (child == 0) {
      child_now = (pid_t)syscall(SYS_getpid);
      for (volatile unsigned long spin = 0;; ++spin) {
      }
    }
    say_status("child", wait_for(child));
    char* text = malloc((size_t)(1000 * (i + 1)));
    sprintf(text, "%d %ld", i, ++own);
    puts(text);
    free(text);
  }
  pthread_join(thread, NULL);
  return app_status();
}

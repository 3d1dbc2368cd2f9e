// A child of vfork sets signals back to their defaults in its own table: the parent's other
// threads, which run meanwhile, keep their handlers.
#include <pthread.h>

#include "sig.h"
static volatile int done;
static void* target(void* unused) {
  while (!done) {
  }
  return NULL;
}
static void* sender(void* unused) {
  while (!done) kill(getpid(), SIGALRM), usleep(50);
  return NULL;
}
int main(void) {
  handle(SIGALRM, sig_note, SA_RESTART);
  pthread_t threads[3];
  for (int i = 0; i < 2; ++i) pthread_create(&threads[i], NULL, target, NULL);
  pthread_create(&threads[2], NULL, sender, NULL);
  for (int i = 0; i < 100; ++i) {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pid_t child = vfork();
    if (child == 0) {
      signal(SIGALRM, SIG_DFL);
      usleep(1000);
      _exit(3);
    }
    struct sigaction now;
    sigaction(SIGALRM, NULL, &now);
    EXPECT(child > 0 && now.sa_sigaction == sig_note);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    EXPECT(WEXITSTATUS(wait_for(child)) == 3);
  }
  done = 1;
  for (int i = 0; i < 3; ++i) pthread_join(threads[i], NULL);
  printf("signals came: %d\n", sig_count > 0);
  return app_status();
}

// A thread and a process that die while holding a robust mutex: the next owner is told.
#include <pthread.h>

#include "app.h"
static pthread_mutex_t* shared;
static void* dies(void* a) {
  pthread_mutex_lock(shared);
  return NULL;
}
int main(void) {
  shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
  pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
  pthread_mutex_init(shared, &attributes);
  for (int i = 0; i < 5; ++i) {
    pthread_t thread;
    pthread_create(&thread, NULL, dies, NULL);
    pthread_join(thread, NULL);
    printf("thread %d\n", pthread_mutex_lock(shared) == EOWNERDEAD);
    pthread_mutex_consistent(shared), pthread_mutex_unlock(shared);
    pid_t child = fork();
    if (child == 0) {
      pthread_mutex_lock(shared);
      if (i & 1) raise(SIGKILL);
      _exit(0);
    }
    wait_for(child);
    printf("process %d\n", pthread_mutex_lock(shared) == EOWNERDEAD);
    pthread_mutex_consistent(shared), pthread_mutex_unlock(shared);
  }
  return app_status();
}

// Each thread takes its own faults, on its own stack, with its own thread-local variables.
#include <pthread.h>
#include <setjmp.h>

#include "app.h"
static __thread sigjmp_buf back;
static __thread int faults;
static void leave(int number, siginfo_t* info, void* context) {
  ++faults;
  siglongjmp(back, 1);
}
static void* work(void* arg) {
  for (volatile int i = 0; i < 500; ++i)
    if (sigsetjmp(back, 1) == 0) *(volatile long*)(long)arg = i;
  return (void*)(long)faults;
}
int main(void) {
  handle(SIGSEGV, leave, 0);
  pthread_t threads[8];
  for (long i = 0; i < 8; ++i) pthread_create(&threads[i], NULL, work, (void*)(i * 8));
  for (int i = 0; i < 8; ++i) {
    void* result;
    pthread_join(threads[i], &result);
    printf("%ld\n", (long)result);
  }
  return app_status();
}

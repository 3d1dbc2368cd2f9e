// Eight threads run the same 4000 fresh functions and functions of their own, all at once, several times over.
#include <pthread.h>

#include "app.h"
static unsigned char *common, *own[8];
static pthread_barrier_t barrier;
static void fill(unsigned char* code, int n) {
  for (int i = 0; i < n; ++i)
    memcpy(code + i * 16, "\xb8\x00\x00\x00\x00\x01\xf8\xc3", 8), memcpy(code + i * 16 + 1, &i, 4);
}
static void* work(void* arg) {
  long id = (long)arg, sum = 0;
  for (int round = 0; round < 5; ++round) {
    pthread_barrier_wait(&barrier);
    for (int i = 0; i < 4000; ++i)
      sum += ((int (*)(int))(common + 16 * ((i + id * 500) % 4000)))(round);
    for (int i = 0; i < 1000; ++i) sum += ((int (*)(int))(own[id] + 16 * i))((int)id);
  }
  return (void*)sum;
}
int main(void) {
  common =
      mmap(NULL, 65536, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  fill(common, 4000);
  pthread_t threads[8];
  pthread_barrier_init(&barrier, NULL, 8);
  for (long i = 0; i < 8; ++i) {
    own[i] =
        mmap(NULL, 16384, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    fill(own[i], 1000);
    mprotect(own[i], 16384, PROT_READ | PROT_EXEC);
    pthread_create(&threads[i], NULL, work, (void*)i);
  }
  for (int i = 0; i < 8; ++i) {
    void* result;
    pthread_join(threads[i], &result);
    printf("%ld\n", (long)result);
  }
  return app_status();
}

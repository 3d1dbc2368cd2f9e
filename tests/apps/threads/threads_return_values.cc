// Create and join with arguments and results; pthread_exit; nested creation; detached threads;
// std::thread and futures.
#include <pthread.h>

#include <future>
#include <numeric>
#include <thread>
#include <vector>

#include "app.h"
static void* twice(void* arg) { return (void*)((long)arg * 2); }
static void* leaves(void* arg) { pthread_exit((void*)((long)arg + 1)); }
static void* nests(void* arg) {
  if ((long)arg == 0) return (void*)1;
  pthread_t inner;
  void* result;
  pthread_create(&inner, NULL, nests, (void*)((long)arg - 1));
  pthread_join(inner, &result);
  return (void*)((long)result + 1);
}
static volatile int detached_done;
static void* detached(void*) {
  __atomic_add_fetch(&detached_done, 1, __ATOMIC_SEQ_CST);
  return NULL;
}
int main() {
  void* result;
  for (void* (*body)(void*) : {twice, leaves, nests}) {
    pthread_t thread;
    EXPECT(pthread_create(&thread, NULL, body, (void*)20) == 0 &&
           pthread_join(thread, &result) == 0);
    printf("%ld\n", (long)result);
  }
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  for (int i = 0; i < 50; ++i) {
    pthread_t thread;
    EXPECT(pthread_create(&thread, &attributes, detached, NULL) == 0);
  }
  while (detached_done < 50) rest_ms(1);
  std::vector<std::future<long>> futures;
  for (long i = 0; i < 16; ++i)
    futures.push_back(std::async(std::launch::async, [i] {
      std::vector<long> v(10000, i);
      return std::accumulate(v.begin(), v.end(), 0L);
    }));
  long sum = 0;
  for (auto& f : futures) sum += f.get();
  printf("%ld\n", sum);
  auto broken = std::async(std::launch::async, []() -> int { throw 42; });
  try {
    broken.get();
  } catch (int value) {
    printf("caught %d\n", value);
  }
  return app_status();
}

// Stack address and size, guard, names, ids and cpu clocks of threads.
#include <pthread.h>

#include "app.h"
static char given[1 << 17] __attribute__((aligned(4096)));
static void* look(void* arg) {
  pthread_attr_t attributes;
  void* low;
  size_t size, guard;
  char here, name[32];
  pthread_getattr_np(pthread_self(), &attributes);
  pthread_attr_getstack(&attributes, &low, &size);
  pthread_attr_getguardsize(&attributes, &guard);
  EXPECT(&here > (char*)low && &here < (char*)low + size);
  pthread_setname_np(pthread_self(), "worker-thread");
  pthread_getname_np(pthread_self(), name, sizeof name);
  char path[64], line[64];
  snprintf(path, sizeof path, "/proc/self/task/%d/comm", gettid());
  FILE* comm = fopen(path, "r");
  fgets(line, sizeof line, comm);
  struct timespec used;
  clockid_t clock;
  EXPECT(pthread_getcpuclockid(pthread_self(), &clock) == 0 && clock_gettime(clock, &used) == 0);
  EXPECT(gettid() != getpid());
  printf("%zu %zu %s %s", size, guard, name, line);
  return &here > given && &here < given + sizeof given ? (void*)1 : NULL;
}
int main(void) {
  pthread_t thread;
  void* result;
  pthread_create(&thread, NULL, look, NULL), pthread_join(thread, &result);
  printf("%ld\n", (long)result);
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstack(&attributes, given, sizeof given);
  pthread_create(&thread, &attributes, look, NULL), pthread_join(thread, &result);
  printf("%ld\n", (long)result);
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, 1 << 20), pthread_attr_setguardsize(&attributes, 65536);
  pthread_create(&thread, &attributes, look, NULL), pthread_join(thread, &result);
  char name[32];
  pthread_getname_np(pthread_self(), name, sizeof name);
  puts(name);
  return app_status();
}

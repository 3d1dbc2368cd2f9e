// Local-exec, initial-exec (errno) and general-dynamic thread-local variables, in the main thread and in others.
#include <dlfcn.h>
#include <pthread.h>

#include "app.h"
static __thread int local_exec = 7;
static __thread char big[100000];
static int (*sum)(void);
static int* (*address)(void);
static void* other(void* main_address) {
  local_exec += 1;
  big[99999] = 3;
  printf("%d %d %d\n", local_exec, sum(), sum());
  return (void*)(long)(address() != main_address);
}
int main(void) {
  char path[4096];
  ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
  path[n] = 0;
  strcpy(strrchr(path, '/') + 1, "lib_tls.so");
  void* library = dlopen(path, RTLD_NOW);
  REQUIRE(library);
  sum = (int (*)(void))dlsym(library, "tls_sum");
  address = (int* (*)(void))dlsym(library, "tls_address");
  printf("%d %d %d\n", local_exec, sum(), sum());
  for (int i = 0; i < 3; ++i) {
    pthread_t thread;
    void* different;
    pthread_create(&thread, NULL, other, address());
    pthread_join(thread, &different);
    EXPECT(different != NULL);
  }
  errno = 0;
  close(-1);
  printf("%d %d\n", errno, local_exec);
  return app_status();
}

// dlopen, dlsym and dlclose over and over: code that comes, goes and comes back elsewhere.
#include <dlfcn.h>

#include "app.h"
int main(int argc, char** argv) {
  char path[4096];
  ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
  REQUIRE(n > 0);
  path[n] = 0;
  strcpy(strrchr(path, '/') + 1, "lib_plugin.so");
  for (int i = 0; i < 20; ++i) {
    void* handle = dlopen(path, i & 1 ? RTLD_NOW : RTLD_LAZY);
    if (!handle) printf("%s\n", dlerror());
    REQUIRE(handle);
    int (*work)(int) = (int (*)(int))dlsym(handle, "plugin_work");
    printf("%d %d\n", work(i), work(i));
    EXPECT(dlclose(handle) == 0);
    if (i % 3 == 0) mmap(NULL, 65536, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  }
  EXPECT(dlopen("/nonexistent/lib.so", RTLD_NOW) == NULL);
  void* math = dlopen("libm.so.6", RTLD_NOW);
  double (*cosine)(double) = (double (*)(double))dlsym(math, "cos");
  printf("%.15g\n", cosine(1.0));
  return app_status();
}

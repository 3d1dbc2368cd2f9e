// LD_PRELOAD and LD_LIBRARY_PATH act on the program and its children, and stay in the environment.
#include "app.h"
int main(int argc, char** argv) {
  if (argc == 1) {
    char path[4096];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
    path[n] = 0;
    strcpy(strrchr(path, '/') + 1, "lib_preload.so");
    setenv("LD_PRELOAD", path, 1);
    setenv("LD_LIBRARY_PATH", "/nonexistent", 1);
    execl("/proc/self/exe", argv[0], "preloaded", NULL);
  }
  printf("%d %d %s\n", getppid(), getenv("LD_PRELOAD") != NULL, getenv("LD_LIBRARY_PATH"));
  fflush(stdout);
  return system("[ -n \"$LD_PRELOAD\" ] && echo $LD_LIBRARY_PATH") != 0;
}

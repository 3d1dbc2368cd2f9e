// Descriptor numbers as natively: the first free one is 3; all can be closed, and nothing of the runtime is lost by it.
#include <dirent.h>
#include <sys/resource.h>

#include "app.h"
static void close_all(void) {
  close_range(3, ~0u, 0);
  int fd = open("/dev/null", O_RDONLY);
  printf("after close_range: %d\n", fd);
  close_range(0, ~0u, 0);
  fd = open("/dev/null", O_RDONLY);
  _exit(fd == 0 && fork() >= 0 ? 11 : 12);
}
static void few(void) {
  struct rlimit limit = {4, 4};
  setrlimit(RLIMIT_NOFILE, &limit);
  int a = open("/dev/null", O_RDONLY), b = open("/dev/null", O_RDONLY);
  printf("%d %d %d\n", a, b, errno);
  close(a);
  printf("%d\n", system("exit 3") >> 8);
}
int main(void) {
  for (int i = 3; i < 10; ++i) {
    int fd = open("/dev/null", O_RDONLY);
    printf("%d ", fd);
  }
  int n = 0;
  DIR* directory = opendir("/proc/self/fd");
  while (readdir(directory)) ++n;
  closedir(directory);
  printf("listed %d\n", n);
  for (int fd = 3; fd < 1024; ++fd) close(fd);
  printf("%d\n", dup(1));
  EXPECT(dup2(1, 500) == 500);
  EXPECT(fcntl(1, F_DUPFD, 100) == 100);
  in_child("close all", close_all);
  in_child("few", few);
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  EXPECT(close(limit.rlim_cur + 1) == -1 && errno == EBADF);
  return app_status();
}

// Descriptors have the first free number, however many there are: the runtime's own, which lie a little above, make way.
#include <fcntl.h>
#include <spawn.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "app.h"
extern char** environ;
/// The numbers up to `last` come one after the other, whatever makes them.
static void in_order(int last) {
  int next = dup(1);
  for (; next < last; ++next) {
    int pair[2] = {-1, -1}, got = -1;
    switch (next % 7) {
      case 0: got = open("/dev/null", O_RDONLY); break;
      case 1: got = socket(AF_UNIX, SOCK_STREAM, 0); break;
      case 2: got = fcntl(1, F_DUPFD_CLOEXEC, 3); break;
      case 3: got = epoll_create1(0); break;
      case 4: pipe(pair); break;
      case 5: socketpair(AF_UNIX, SOCK_STREAM, 0, pair); break;
      default: got = dup(1);
    }
    if (got < 0) got = pair[0];
    if (got != next + 1) printf("%d after %d\n", got, next);
    if (pair[1] >= 0 && pair[1] != ++next + 1) printf("%d in a pair of %d\n", pair[1], next);
  }
  close_range(3, ~0u, 0);
}
static void each(int from, int to) {
  for (int fd = from; fd < to; ++fd) {
    if (dup2(1, fd) != fd) printf("dup2 to %d: %d\n", fd, errno);
  }
}
/// A child on this memory, with a table of its own: what it replaces is not replaced here.
static void in_child_of_vfork(void) {
  char target[64];
  for (int fd = 3; fd < 140; ++fd) {
    if (vfork() == 0) {
      if (dup2(1, fd) != fd || dup2(1, fd + 1) != fd + 1) _exit(1);
      _exit(0);
    }
    int status = -1;
    wait(&status);
    if (status != 0) printf("vfork, dup2 to %d: %#x\n", fd, status);
  }
  EXPECT(readlink("/proc/self/exe", target, sizeof target) > 0);
  EXPECT(dup(1) == 3 && fcntl(1, F_DUPFD, 112) == 112 && fcntl(1, F_DUPFD, 113) == 113);
}
static void spawned(void) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  for (int fd = 110; fd < 130; ++fd) posix_spawn_file_actions_adddup2(&actions, 1, fd);
  char* arguments[] = {"true", 0};
  pid_t child = -1;
  int status = -1;
  EXPECT(posix_spawn(&child, "/bin/true", &actions, 0, arguments, environ) == 0);
  waitpid(child, &status, 0);
  printf("spawned: %#x\n", status);
}
static void few_more(void) {
  struct rlimit limit = {600, 600};
  setrlimit(RLIMIT_NOFILE, &limit);
  int last = 0, fd;
  while ((fd = dup(1)) >= 0) {
    EXPECT(fd == 3 || fd == last + 1);
    last = fd;
  }
  printf("the last is %d\n", last);
}
/// How far the kernel's table reaches, which each fork copies.
static void table_is_small(void) {
  char line[256];
  int size = -1;
  FILE* status = fopen("/proc/self/status", "r");
  while (fgets(line, sizeof line, status)) sscanf(line, "FDSize: %d", &size);
  fclose(status);
  EXPECT(size > 0 && size <= 256);
}
int main(void) {
  struct rlimit limit;
  table_is_small();
  getrlimit(RLIMIT_NOFILE, &limit);
  in_child_of_vfork();
  close_range(3, ~0u, 0);
  spawned();
  in_order(90);
  in_order(300);
  in_order(limit.rlim_cur > 1500 ? 1500 : limit.rlim_cur - 20);
  each(3, 600);
  close_range(3, ~0u, 0);
  spawned();
  in_child("a fork's", few_more);
  return app_status();
}

// Descriptor numbers as natively: the first free one is 3; all can be closed, and nothing of the runtime is lost by it.
#include <dirent.h>
#include <linux/capability.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include "app.h"
static void close_all(void) {
  close_range(3, ~0u, 0);
  int fd = open("/dev/null", O_RDONLY);
  printf("after close_range: %d\n", fd);
  close_range(0, ~0u, 0);
  fd = open("/dev/null", O_RDONLY);
  _exit(fd == 0 && fork() >= 0 ? 11 : 12);
}
/// Nobody has opened them.
static void unknown_numbers(int most) {
  char byte;
  struct stat status;
  struct iovec buffer = {&byte, 1};
  for (int fd = 20; fd < most; ++fd) {
    EXPECT(fstat(fd, &status) == -1 && errno == EBADF);
    EXPECT(syscall(SYS_fstat, fd, &status) == -1 && errno == EBADF);
    EXPECT(fstatat(fd, "x", &status, 0) == -1 && errno == EBADF);
    EXPECT(openat(fd, ".", O_RDONLY) == -1 && errno == EBADF);
    EXPECT(lseek(fd, 0, SEEK_CUR) == -1 && errno == EBADF);
    EXPECT(readv(fd, &buffer, 1) == -1 && errno == EBADF);
    EXPECT(pread(fd, &byte, 1, 0) == -1 && errno == EBADF);
    EXPECT(getsockopt(fd, SOL_SOCKET, SO_TYPE, NULL, NULL) == -1 && errno == EBADF);
    EXPECT(fcntl(fd, F_GETFD) == -1 && errno == EBADF);
    EXPECT(fchdir(fd) == -1 && errno == EBADF);
    EXPECT(fstatat(fd, "/dev/null", &status, 0) == 0);
  }
}
/// Nor have they in lists, in sets, and as the second of two.
static void unknown_numbers_elsewhere(int most) {
  // select looks at no numbers beyond the table, which has to be as large natively.
  EXPECT(dup2(1, 1023) == 1023 && close(1023) == 0);
  const int epoll = epoll_create1(0);
  struct epoll_event event = {EPOLLIN, {0}};
  for (int fd = 20; fd < most; ++fd) {
    struct pollfd polled[] = {{1, 0, -1}, {fd, POLLIN, -1}, {-1, POLLIN, -1}};
    EXPECT(poll(polled, 3, 0) == 1);
    EXPECT(polled[0].revents == 0 && polled[1].revents == POLLNVAL && polled[2].revents == 0);
    EXPECT(polled[1].fd == fd && polled[1].events == POLLIN);
    EXPECT(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == -1 && errno == EBADF);
    EXPECT(mmap(NULL, 1, PROT_READ, MAP_PRIVATE, fd, 0) == MAP_FAILED && errno == EBADF);
    EXPECT(sendfile(1, fd, NULL, 1) == -1 && errno == EBADF);
    EXPECT(renameat(AT_FDCWD, "a", fd, "b") == -1 && errno == EBADF);
    EXPECT(symlinkat("a", fd, "b") == -1 && errno == EBADF);
    if (fd >= FD_SETSIZE) continue;
    fd_set set;
    struct timeval now = {0, 0};
    FD_ZERO(&set);
    EXPECT(select(fd + 1, &set, &set, &set, &now) == 0);
    FD_SET(fd, &set);
    EXPECT(select(fd + 1, NULL, &set, NULL, &now) == -1 && errno == EBADF);
    EXPECT(pselect(fd + 1, NULL, NULL, &set, NULL, NULL) == -1 && errno == EBADF);
  }
  close(epoll);
}
static void few(void) {
  struct rlimit limit = {4, 4};
  setrlimit(RLIMIT_NOFILE, &limit);
  int a = open("/dev/null", O_RDONLY), b = open("/dev/null", O_RDONLY);
  printf("%d %d %d\n", a, b, errno);
  close(a);
  printf("%d\n", system("exit 3") >> 8);
}
/// Without the right to raise it, the limit is where the runtime's own descriptors may be.
static void all(void) {
  struct rlimit limit = {300, 300};
  setrlimit(RLIMIT_NOFILE, &limit);
  char* self = realpath("/proc/self/exe", NULL);
  execl(self, self, "without rights", NULL);
  _exit(97);
}
static void all_numbers(void) {
  close_range(3, ~0u, 0);
  int last = -1, fd;
  while ((fd = dup(1)) >= 0) {
    EXPECT(fd > last);
    last = fd;
  }
  printf("the last is %d: %d\n", last, errno);
  close_range(3, ~0u, 0);
  for (fd = 3; dup2(1, fd) == fd; ++fd) {
  }
  printf("dup2 up to %d: %d\n", fd, errno);
}
static void without_rights(void) {
  const unsigned char kSysResource = 24;
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct data[2];
  syscall(SYS_capget, &header, data);
  data[0].effective = data[0].permitted = data[0].inheritable =
      data[0].permitted & ~(1u << kSysResource);
  prctl(PR_CAPBSET_DROP, kSysResource);
  syscall(SYS_capset, &header, data);
  all();
}
int main(int count, char** arguments) {
  if (count > 1) {
    all_numbers();
    return app_status();
  }
  for (int i = 3; i < 10; ++i) {
    int fd = open("/dev/null", O_RDONLY);
    printf("%d ", fd);
  }
  int n = 0;
  DIR* directory = opendir("/proc/self/fd");
  while (readdir(directory)) ++n;
  closedir(directory);
  printf("listed %d\n", n);
  unknown_numbers(1200);
  unknown_numbers_elsewhere(1200);
  for (int fd = 3; fd < 1024; ++fd) close(fd);
  printf("%d\n", dup(1));
  EXPECT(dup2(1, 500) == 500);
  EXPECT(fcntl(1, F_DUPFD, 100) == 100);
  in_child("close all", close_all);
  in_child("few", few);
  in_child("all", without_rights);
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  EXPECT(close(limit.rlim_cur + 1) == -1 && errno == EBADF);
  return app_status();
}

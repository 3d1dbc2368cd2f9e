// Numbers that the program has not opened lead nowhere: by paths of /proc, by messages, by a pidfd.
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include "app.h"

enum { kMost = 1300 };

static void no_path_leads_there(const char* folder) {
  char path[128];
  char target[128];
  struct stat status;
  for (int fd = 20; fd < kMost; ++fd) {
    snprintf(path, sizeof path, "%s/%d", folder, fd);
    EXPECT(readlink(path, target, sizeof target) == -1 && errno == ENOENT);
    EXPECT(open(path, O_RDONLY) == -1 && errno == ENOENT);
    EXPECT(stat(path, &status) == -1 && errno == ENOENT);
    EXPECT(lstat(path, &status) == -1 && errno == ENOENT);
    EXPECT(access(path, F_OK) == -1 && errno == ENOENT);
    EXPECT(chdir(path) == -1 && errno == ENOENT);
    EXPECT(linkat(AT_FDCWD, path, AT_FDCWD, "/tmp/weft-linked", AT_SYMLINK_FOLLOW) == -1 && errno == ENOENT);
    EXPECT(execl(path, path, NULL) == -1 && errno == ENOENT);
    snprintf(path, sizeof path, "%s/./%d/etc/passwd", folder, fd);
    EXPECT(open(path, O_RDONLY) == -1 && errno == ENOENT);
  }
}

static void relative_paths(void) {
  char name[16];
  struct stat status;
  const int folder = open("/proc/self/fd", O_RDONLY | O_DIRECTORY);
  const int infos = open("/proc/thread-self/fdinfo", O_RDONLY | O_DIRECTORY);
  REQUIRE(folder >= 0 && infos >= 0);
  for (int fd = 20; fd < kMost; ++fd) {
    snprintf(name, sizeof name, "%d", fd);
    EXPECT(fstatat(folder, name, &status, 0) == -1 && errno == ENOENT);
    EXPECT(openat(infos, name, O_RDONLY) == -1 && errno == ENOENT);
  }
  snprintf(name, sizeof name, "%d", folder);
  EXPECT(fstatat(folder, name, &status, 0) == 0 && S_ISDIR(status.st_mode));
  close(folder), close(infos);
}

struct Message {
  struct msghdr header;
  struct iovec part;
  union {
    struct cmsghdr align;
    char room[CMSG_SPACE(2 * sizeof(int))];
  } control;
};

static void fill(struct Message* message, int first, int second) {
  const int both[2] = {first, second};
  memset(message, 0, sizeof *message);
  message->part.iov_base = "x", message->part.iov_len = 1;
  message->header.msg_iov = &message->part, message->header.msg_iovlen = 1;
  message->header.msg_control = message->control.room, message->header.msg_controllen = sizeof message->control.room;
  struct cmsghdr* header = CMSG_FIRSTHDR(&message->header);
  header->cmsg_level = SOL_SOCKET, header->cmsg_type = SCM_RIGHTS, header->cmsg_len = CMSG_LEN(sizeof both);
  memcpy(CMSG_DATA(header), both, sizeof both);
}

static void no_message_takes_them(void) {
  int ends[2];
  REQUIRE(socketpair(AF_UNIX, SOCK_DGRAM, 0, ends) == 0);
  struct Message good;
  struct Message bad;
  fill(&good, 0, 1);
  for (int fd = 20; fd < kMost; ++fd) {
    fill(&bad, 0, fd);
    EXPECT(sendmsg(ends[0], &bad.header, 0) == -1 && errno == EBADF);
    struct mmsghdr two[2] = {{good.header, 0}, {bad.header, 0}};
    EXPECT(sendmmsg(ends[0], two + 1, 1, 0) == -1 && errno == EBADF);
    if (fd % 100 != 0 && fd > 200) continue;
    EXPECT(sendmmsg(ends[0], two, 2, 0) == 1);
    struct Message got;
    fill(&got, -1, -1);
    char byte = 0;
    got.part.iov_base = &byte;
    EXPECT(recvmsg(ends[1], &got.header, 0) == 1 && byte == 'x');
    int fds[2] = {-1, -1};
    memcpy(fds, CMSG_DATA(CMSG_FIRSTHDR(&got.header)), sizeof fds);
    EXPECT(fds[0] > 2 && fds[1] > 2);
    close(fds[0]), close(fds[1]);
  }
  close(ends[0]), close(ends[1]);
}

static void no_pidfd_gives_them(void) {
  const int self = (int)syscall(SYS_pidfd_open, getpid(), 0);
  if (self < 0 && errno == ENOSYS) return;
  REQUIRE(self >= 0);
  const int copy = (int)syscall(SYS_pidfd_getfd, self, 0, 0);
  EXPECT(copy > 2);
  close(copy);
  for (int fd = 20; fd < kMost; ++fd) {
    EXPECT(syscall(SYS_pidfd_getfd, self, fd, 0) == -1 && errno == EBADF);
  }
  close(self);
}

int main(void) {
  char folder[64];
  close_range(3, ~0u, 0);
  no_path_leads_there("/proc/self/fd");
  no_path_leads_there("/dev/fd");
  snprintf(folder, sizeof folder, "/proc/%d/task/%d/fd", getpid(), getpid());
  no_path_leads_there(folder);
  relative_paths();
  no_message_takes_them();
  no_pidfd_gives_them();
  printf("nowhere\n");
  return app_status();
}

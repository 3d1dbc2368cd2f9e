// Code in a mapping of a file, shared or private and never stored to, changes when the file does:
// by every call that writes files, through every way to get a descriptor. Natively the mapping
// shows the file's own pages.
#include <fcntl.h>
#include <stdlib.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "smc.h"

enum { kSize = 2 * 4096 };

static char g_path[64];
static int g_value;

/// Code that returns a number not used before.
static const unsigned char* next_code(void) {
  static unsigned char code[kFunctionSize];
  write_function(code, ++g_value);
  return code;
}

static int open_file(int flags) {
  const int fd = open(g_path, flags);
  REQUIRE(fd >= 0);
  return fd;
}

/// A file that holds one function, as other descriptors are filled from.
static int source_of(const unsigned char* code) {
  const int fd = (int)syscall(SYS_memfd_create, "source", 0);
  REQUIRE(fd >= 0 && pwrite(fd, code, kFunctionSize, 0) == kFunctionSize);
  return fd;
}

static long by_write(int fd) {
  REQUIRE(lseek(fd, 0, SEEK_SET) == 0);
  return write(fd, next_code(), kFunctionSize);
}
static long by_pwrite(int fd) { return pwrite(fd, next_code(), kFunctionSize, 0); }
static long by_writev(int fd) {
  REQUIRE(lseek(fd, 0, SEEK_SET) == 0);
  unsigned char* code = (unsigned char*)next_code();
  struct iovec parts[2] = {{code, 3}, {code + 3, kFunctionSize - 3}};
  return writev(fd, parts, 2);
}
static long by_pwritev(int fd) {
  struct iovec part = {(void*)next_code(), kFunctionSize};
  return pwritev(fd, &part, 1, 0);
}
static long by_sendfile(int fd) {
  const int from = source_of(next_code());
  off_t offset = 0;
  REQUIRE(lseek(fd, 0, SEEK_SET) == 0);
  const long done = sendfile(fd, from, &offset, kFunctionSize);
  close(from);
  return done;
}
static long by_splice(int fd) {
  int ends[2];
  REQUIRE(pipe(ends) == 0 && write(ends[1], next_code(), kFunctionSize) == kFunctionSize);
  long long offset = 0;
  const long done = syscall(SYS_splice, ends[0], NULL, fd, &offset, kFunctionSize, 0);
  close(ends[0]), close(ends[1]);
  return done;
}
static long by_copy(int fd) {
  char path[80];
  snprintf(path, sizeof path, "%s.source", g_path);
  const int from = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
  REQUIRE(from >= 0 && write(from, next_code(), kFunctionSize) == kFunctionSize);
  long long in = 0;
  long long out = 0;
  const long done = syscall(SYS_copy_file_range, from, &in, fd, &out, kFunctionSize, 0);
  close(from), unlink(path);
  return done;
}

static const struct {
  const char* name;
  long (*change)(int fd);
} kWays[] = {{"write", by_write},       {"pwrite", by_pwrite}, {"writev", by_writev},
             {"pwritev", by_pwritev},   {"sendfile", by_sendfile},
             {"splice", by_splice},     {"copy_file_range", by_copy}};

static void changes_show(const char* how, int fd, unsigned char* code) {
  for (size_t way = 0; way < sizeof kWays / sizeof kWays[0]; ++way) {
    for (int i = 0; i < 3; ++i) {
      EXPECT(kWays[way].change(fd) == kFunctionSize);
      EXPECT(call(code) == g_value);
      EXPECT(call(code) == g_value);
    }
  }
  printf("%s: %d\n", how, call(code));
}

static int received(int fd) {
  int ends[2];
  REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
  char byte = 0;
  char room[CMSG_SPACE(sizeof fd)] = {0};
  struct iovec part = {&byte, 1};
  struct msghdr message = {0};
  message.msg_iov = &part, message.msg_iovlen = 1;
  message.msg_control = room, message.msg_controllen = sizeof room;
  struct cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET, header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof fd);
  memcpy(CMSG_DATA(header), &fd, sizeof fd);
  REQUIRE(sendmsg(ends[0], &message, 0) == 1 && recvmsg(ends[1], &message, 0) == 1);
  memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof fd);
  close(ends[0]), close(ends[1]);
  return fd;
}

/// A number that was some other file's when it was written to, and is the code's now.
static void numbers_are_used_again(unsigned char* code) {
  const int other = (int)syscall(SYS_memfd_create, "other", 0);
  REQUIRE(other >= 0);
  for (int i = 0; i < 3; ++i) REQUIRE(write(other, "x", 1) == 1);
  const int fd = open_file(O_RDWR);
  REQUIRE(dup2(fd, other) == other);
  changes_show("dup2", other, code);
  close(other);
  const int again = (int)syscall(SYS_memfd_create, "again", 0);
  REQUIRE(again == other && write(again, "x", 1) == 1);
  close(again);
  const int same = open_file(O_WRONLY);
  REQUIRE(same == other);
  changes_show("open", same, code);
  close(same);
  const int more = (int)syscall(SYS_memfd_create, "more", 0);
  REQUIRE(more == other && write(more, "x", 1) == 1);
  REQUIRE(syscall(SYS_close_range, more, more, 0) == 0);
  const int last = received(fd);
  changes_show("received", last, code);
  close(last), close(fd);
}

/// Natively, as in a child of vfork, whose descriptors are its own.
static void child_of_vfork_uses_numbers(unsigned char* code) {
  const int fd = open_file(O_RDWR);
  const int other = (int)syscall(SYS_memfd_create, "other", 0);
  REQUIRE(write(other, "x", 1) == 1);
  const pid_t child = vfork();
  if (child == 0) {
    dup2(other, fd);
    _exit(write(fd, "y", 1) == 1 ? 0 : 1);
  }
  int status = 1;
  REQUIRE(waitpid(child, &status, 0) == child && status == 0);
  changes_show("after vfork", fd, code);
  close(fd), close(other);
}

static void cut_and_rewritten(unsigned char* code) {
  const int fd = open_file(O_RDWR);
  by_pwrite(fd);
  EXPECT(call(code) == g_value);
  EXPECT(ftruncate(fd, 0) == 0 && ftruncate(fd, kSize) == 0);
  by_pwrite(fd);
  EXPECT(call(code) == g_value);
  EXPECT(truncate(g_path, 0) == 0 && truncate(g_path, kSize) == 0);
  by_pwrite(fd);
  EXPECT(call(code) == g_value);
  close(fd);
  const int opened = open_file(O_RDWR | O_TRUNC);
  EXPECT(ftruncate(opened, kSize) == 0);
  by_pwrite(opened);
  EXPECT(call(code) == g_value);
  close(opened);
}

/// A descriptor that was written to before its file was mapped, or made executable.
static void mapped_later(void) {
  const int fd = open_file(O_RDWR);
  by_pwrite(fd);
  by_pwrite(fd);
  unsigned char* code = (unsigned char*)mmap(NULL, kSize, PROT_READ, MAP_PRIVATE, fd, 0);
  REQUIRE(code != MAP_FAILED);
  by_pwrite(fd);
  REQUIRE(mprotect(code, kSize, PROT_READ | PROT_EXEC) == 0);
  changes_show("mapped later", fd, code);
  munmap(code, kSize), close(fd);
}

/// The kernel writes for the program, whatever the protection of the page.
static void through_own_memory(void) {
  const int fd = open("/proc/self/mem", O_RDWR);
  REQUIRE(fd >= 0);
  unsigned char* area = map_rwx(2);
  unsigned char* code = area + 4096 - 2;
  for (int i = 0; i < 40; ++i) {
    write_function(code, i);
    write_function(area, i + 5);
    EXPECT(call(code) == i && call(area) == i + 5);
    const unsigned char* bytes = next_code();
    EXPECT(pwrite(fd, bytes, kFunctionSize, (off_t)(unsigned long)code) == kFunctionSize);
    EXPECT(call(code) == g_value && call(area) == i + 5);
    bytes = next_code();
    REQUIRE(lseek(fd, (off_t)(unsigned long)code, SEEK_SET) == (off_t)(unsigned long)code);
    EXPECT(write(fd, bytes, kFunctionSize) == kFunctionSize);
    EXPECT(call(code) == g_value && call(area) == i + 5);
  }
  munmap(area, 2 * 4096), close(fd);
  printf("own memory: %d\n", g_value);
}

int main(void) {
  strcpy(g_path, "/tmp/weft-written-code-XXXXXX");
  const int fd = mkstemp(g_path);
  REQUIRE(fd >= 0 && ftruncate(fd, kSize) == 0);
  const struct { const char* name; int flags; } kinds[] = {{"shared", MAP_SHARED},
                                                           {"private", MAP_PRIVATE}};
  for (int i = 0; i < 2; ++i) {
    unsigned char* code =
        (unsigned char*)mmap(NULL, kSize, PROT_READ | PROT_EXEC, kinds[i].flags, fd, 0);
    REQUIRE(code != MAP_FAILED);
    changes_show(kinds[i].name, fd, code);
    numbers_are_used_again(code);
    child_of_vfork_uses_numbers(code);
    cut_and_rewritten(code);
    munmap(code, kSize);
  }
  mapped_later();
  through_own_memory();
  close(fd), unlink(g_path);
  return app_status();
}

// Each way in which execve can fail, with its error number, and the program goes on.
#include <sys/stat.h>

#include "app.h"
extern char** environ;
static void put(const char* path, const char* text, size_t size, int mode) {
  int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0700);
  REQUIRE(write(fd, text, size) == (ssize_t)size);
  close(fd);
  chmod(path, mode);
}
int main(void) {
  char* arguments[] = {"x", NULL};
#define TRY(path)                              \
  errno = 0, execve(path, arguments, environ); \
  printf("%s: %d\n", path, errno)
  TRY("/nonexistent");
  TRY("");
  TRY("/etc/passwd/x");
  TRY("/tmp");
  TRY("/etc/passwd");
  put("empty", "", 0, 0700);
  TRY("./empty");
  put("text", "hello\n", 6, 0700);
  TRY("./text");
  put("binary", "\1\2\3\4\0\0\0\0", 8, 0700);
  TRY("./binary");
  put("elf", "\177ELF\2\1\1\0garbage garbage garbage garbage", 40, 0700);
  TRY("./elf");
  put("short", "\177EL", 3, 0700);
  TRY("./short");
  put("nointerp", "#!/nonexistent/interpreter\n", 27, 0700);
  TRY("./nointerp");
  put("emptyinterp", "#!\n", 3, 0700);
  TRY("./emptyinterp");
  put("dirinterp", "#!/tmp\n", 7, 0700);
  TRY("./dirinterp");
  put("loop", "#!./loop\n", 9, 0700);
  TRY("./loop");
  put("notexec", "#!/bin/sh\n", 10, 0600);
  TRY("./notexec");
  int writer = open("text", O_WRONLY);
  TRY("./text");  // busy
  close(writer);
  REQUIRE(system("cp /bin/true busy") == 0);
  writer = open("busy", O_WRONLY);
  TRY("./busy");
  close(writer);
  REQUIRE(system("./busy") == 0);
  EXPECT(symlink("cycle", "cycle") == 0);
  TRY("./cycle");
  static char huge[4 << 20];
  memset(huge, 'x', sizeof huge - 1);
  char* big[] = {"x", huge, NULL};
  execve("/bin/true", big, environ);
  printf("one huge argument: %d\n", errno);
  static char part[100000];
  memset(part, 'y', sizeof part - 1);
  static char* lots[100];
  for (int i = 0; i < 99; ++i) lots[i] = part;
  execve("/bin/true", lots, environ);
  printf("too many bytes: %d\n", errno);
  char longpath[5000];
  memset(longpath, 'a', 4999), longpath[0] = '/', longpath[4999] = 0;
  execve(longpath, arguments, environ);
  printf("long path: %d\n", errno);
  EXPECT(syscall(SYS_execveat, -1, "relative", arguments, environ, 0) == -1 && errno == EBADF);
  EXPECT(syscall(SYS_execveat, AT_FDCWD, "", arguments, environ, 0) == -1 && errno == ENOENT);
  syscall(SYS_execveat, 1, "", arguments, environ, 0x8000);
  printf("bad flags: %d\n", errno);
  return app_status();
}

// fexecve and execveat: of a program, by directory descriptor, of a deleted file, and of a memfd.
#include <sys/stat.h>

#include "app.h"
extern char** environ;
static int fd;
static char* args[] = {"echo", "hello", NULL};
static void by_fd(void) { fexecve(fd, args, environ); }
static void by_directory(void) { syscall(SYS_execveat, fd, "echo", args, environ, 0); }
static void of_memfd(void) { syscall(SYS_execveat, fd, "", args, environ, AT_EMPTY_PATH); }
int main(void) {
  fd = open("/bin/echo", O_RDONLY | O_CLOEXEC);
  in_child("fexecve", by_fd);
  fd = open("/usr/bin", O_PATH | O_DIRECTORY);
  in_child("execveat directory", by_directory);
  int from = open("/bin/echo", O_RDONLY);
  struct stat info;
  fstat(from, &info);
  fd = memfd_create("program", MFD_CLOEXEC);
  char* text = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, from, 0);
  REQUIRE(write(fd, text, (size_t)info.st_size) == info.st_size);
  in_child("memfd", of_memfd);
  int copy = open("copy", O_CREAT | O_WRONLY, 0700);
  REQUIRE(write(copy, text, (size_t)info.st_size) == info.st_size);
  close(copy);
  fd = open("copy", O_RDONLY | O_CLOEXEC);
  unlink("copy");
  in_child("deleted", of_memfd);
  return app_status();
}

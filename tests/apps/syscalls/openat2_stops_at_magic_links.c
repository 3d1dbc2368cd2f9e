// openat2 obeys its limits on the way to /proc/self/exe, and opens the program where they allow it.
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static void try(int directory, const char* path, unsigned long resolve) {
  struct open_how how = {.flags = O_RDONLY, .resolve = resolve};
  struct stat expected = {0}, opened = {0};
  errno = 0;
  const long fd = syscall(SYS_openat2, directory, path, &how, sizeof how);
  const int error = errno;
  stat("/proc/self/exe", &expected);
  if (fd >= 0) fstat(fd, &opened);
  printf("%s %#lx: %s, errno %d, %s\n", path, resolve, fd < 0 ? "fails" : "opens", error,
         opened.st_ino == expected.st_ino ? "the program" : "nothing");
  if (fd >= 0) close(fd);
}

int main(void) {
  const unsigned long all[] = {0, RESOLVE_NO_MAGICLINKS, RESOLVE_NO_SYMLINKS, RESOLVE_NO_XDEV, RESOLVE_BENEATH,
                               RESOLVE_IN_ROOT, 1UL << 40};
  const int proc = open("/proc", O_PATH | O_DIRECTORY);
  for (int i = 0; i < 7; ++i) {
    try(AT_FDCWD, "/proc/self/exe", all[i]);
    try(proc, "self/exe", all[i]);
  }
  return 0;
}

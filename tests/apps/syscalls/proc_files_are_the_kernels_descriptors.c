// Files of /proc about the process itself cannot be written, mapped or spliced, have no size, and read anew from
// their start; only what is read from them differs between runs.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <unistd.h>

#define SHOW(call)                                                   \
  do {                                                               \
    errno = 0;                                                       \
    const long result = (long)(call);                                \
    printf("  %s: %s %d\n", #call, result < 0 ? "-" : "+", errno);   \
  } while (0)

static int count(const char* text, const char* word) {
  int found = 0;
  while ((text = strstr(text, word)) != NULL) ++found, ++text;
  return found;
}

static void look_at(const char* path) {
  char bytes[64], link[64], target[256] = {0};
  int pipes[2];
  pipe(pipes);
  const int fd = open(path, O_RDONLY), other = memfd_create("other", 0);
  struct iovec parts[2] = {{bytes, 5}, {bytes + 5, 7}};
  struct stat status;
  struct statfs system;
  printf("%s\n", path);
  SHOW(splice(pipes[0], NULL, fd, NULL, 64, 0));
  SHOW(splice(fd, NULL, pipes[1], NULL, 64, 0));
  SHOW(sendfile(other, fd, NULL, 64));
  SHOW(copy_file_range(fd, NULL, other, NULL, 64, 0));
  SHOW(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0));
  SHOW(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
  SHOW(lseek(fd, 0, SEEK_END));
  SHOW(lseek(fd, 0, SEEK_DATA));
  SHOW(lseek(fd, -1, SEEK_SET));
  SHOW(lseek(fd, 0, SEEK_SET));
  SHOW(write(fd, bytes, 1));
  SHOW(pwrite(fd, bytes, 1, 0));
  SHOW(ftruncate(fd, 0));
  SHOW(fsync(fd));
  SHOW(read(fd, (void*)8, 1));
  SHOW(pread(fd, bytes, 8, -1));
  SHOW(readv(fd, parts, -1));
  fstat(fd, &status);
  fstatfs(fd, &system);
  printf("  mode %o size %ld links %ld system %lx flags %x\n", status.st_mode, (long)status.st_size,
         (long)status.st_nlink, (long)system.f_type, fcntl(fd, F_GETFL));
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  readlink(link, target, sizeof target - 1);
  printf("  %s\n", strrchr(target, '/'));
  // Twice from the start by two descriptors of the same file, in pieces: the same text.
  char first[12], second[12], third[12];
  const int copy = dup(fd);
  lseek(fd, 0, SEEK_SET);
  readv(copy, parts, 2);
  memcpy(first, bytes, 12);
  pread(fd, second, 12, 0);
  lseek(copy, 4, SEEK_SET);
  read(fd, third, 8);
  printf("  %d %d at %ld\n", memcmp(first, second, 12), memcmp(first + 4, third, 8), (long)lseek(copy, 0, SEEK_CUR));
  close(fd), close(copy), close(other), close(pipes[0]), close(pipes[1]);
}

int main(void) {
  look_at("/proc/self/maps");
  look_at("/proc/self/smaps");
  look_at("/proc/self/status");
  look_at("/proc/thread-self/stat");
  look_at("/proc/self/statm");
  look_at("/proc/self/auxv");
  look_at("/proc/self/cmdline");
  // What is read from the start is what holds then.
  static char text[1 << 18];
  const int fd = open("/proc/self/maps", O_RDONLY);
  for (int round = 0; round < 2; ++round) {
    lseek(fd, 0, SEEK_SET);
    size_t size = 0;
    for (ssize_t n; (n = read(fd, text + size, 100)) > 0;) size += n;
    text[size] = '\0';
    printf("%d\n", count(text, "memfd:seen"));
    mmap(NULL, 4096, PROT_READ, MAP_SHARED, memfd_create("seen", 0), 0);
  }
  return 0;
}

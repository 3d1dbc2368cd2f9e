// Maps of thousands of areas, read in pieces of every size and from every position: always the same text.
#include "app.h"

enum { kAreas = 1000, kMost = 4 << 20 };
static char whole[kMost], again[kMost];

/// Lines of areas; those of detail have numbers that change.
static long areas_in(const char* text, long size) {
  long count = 0;
  for (const char* line = text; line < text + size;) {
    const char* end = memchr(line, '\n', text + size - line);
    unsigned long from, to;
    count += sscanf(line, "%lx-%lx ", &from, &to) == 2;
    if (end == NULL) break;
    line = end + 1;
  }
  return count;
}

static long read_all(int fd, char* to, size_t piece) {
  long size = 0, count;
  while ((count = read(fd, to + size, piece)) > 0) size += count;
  EXPECT(count == 0);
  return size;
}

int main(void) {
  char* memory = mmap(NULL, 2 * kAreas * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  REQUIRE(memory != MAP_FAILED);
  for (int i = 0; i < kAreas; ++i) mprotect(memory + 2L * i * 4096, 4096, PROT_READ);
  const int fd = open("/proc/self/maps", O_RDONLY);
  const long size = read_all(fd, whole, kMost);
  EXPECT(areas_in(whole, size) > 2 * kAreas);
  const size_t pieces[] = {1000, 4096, 65536, 37};
  for (int i = 0; i < 4; ++i) {
    EXPECT(lseek(fd, 0, SEEK_SET) == 0);
    EXPECT(read_all(fd, again, pieces[i]) == size && memcmp(whole, again, size) == 0);
    EXPECT(lseek(fd, 0, SEEK_CUR) == size);
  }
  // What was read once is seen again at its place, by any copy of the descriptor.
  EXPECT(lseek(fd, 0, SEEK_SET) == 0 && read(fd, again, 100) == 100);
  EXPECT(pread(fd, again, 500, 1234) == 500 && memcmp(whole + 1234, again, 500) == 0);
  const int copy = dup(fd);
  EXPECT(read(copy, again, 200) == 200 && memcmp(whole + 100, again, 200) == 0);
  EXPECT(lseek(fd, 0, SEEK_CUR) == 300);
  close(copy);
  EXPECT(pread(fd, again, 10, size) == 0 && pread(fd, again, 10, size + 100000) == 0);
  EXPECT(read(fd, again, 0) == 0);
  EXPECT(read(fd, (void*)8, 10) == -1 && errno == EFAULT);
  EXPECT(pread(fd, again, 10, -1) == -1 && errno == EINVAL);
  EXPECT(lseek(fd, 0, SEEK_CUR) == 300);
  close(fd);
  EXPECT(read(fd, again, 10) == -1 && errno == EBADF);

  const int details = open("/proc/self/smaps", O_RDONLY);
  const long long_size = read_all(details, again, 1000);
  EXPECT(areas_in(again, long_size) > 2 * kAreas);
  close(details);
  const int unreadable = open("/proc/self/maps", O_WRONLY);
  if (unreadable >= 0) EXPECT(read(unreadable, again, 10) == -1 && errno == EBADF);
  return app_status();
}

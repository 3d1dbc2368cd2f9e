// flags: -O1
// Closes every descriptor in every way there is; finds none that it could write to or duplicate.
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

// Where programs have theirs, and below the limit, or below 65536.
enum { kUsual = 1024, kHighest = 64 };

static int is_gone(int fd) {
  const int refused = write(fd, "x", 1) == -1 && errno == EBADF;
  return refused && fcntl(fd, F_DUPFD, 0) == -1 && dup(fd) == -1;
}

int main(void) {
  const long limit = sysconf(_SC_OPEN_MAX);
  const int most = limit < 65536 ? (int)limit : 65536;
  for (int fd = 0; fd < kUsual; ++fd) close(fd);
  for (int fd = most - kHighest; fd < most; ++fd) close(fd);
  if (close_range(0, ~0u, 0) != 0) return 1;
  for (int fd = 0; fd < kUsual; ++fd) {
    if (!is_gone(fd)) return 2;
  }
  for (int fd = most - kHighest; fd < most; ++fd) {
    if (!is_gone(fd)) return 3;
  }
  return 0;
}

// Runs a program once and writes its cost to a descriptor: wait status, wall nanoseconds, user and
// system microseconds, peak resident kilobytes, page faults. A small program of its own because a child's
// ru_maxrss is never below its parent's at the exec, so a Python parent would hide the memory of
// small programs.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int64_t now_ns(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static int64_t microseconds(struct timeval time) {
  return (int64_t)time.tv_sec * 1000000 + time.tv_usec;
}

int main(int argc, char** argv) {
  if (argc < 3) {
    fputs("usage: launch DESCRIPTOR PROGRAM [ARGUMENTS]\n", stderr);
    return 2;
  }
  const int report = atoi(argv[1]);
  if (fcntl(report, F_SETFD, FD_CLOEXEC) < 0) {
    perror("launch: descriptor of the report");
    return 2;
  }
  const int64_t start = now_ns();
  const pid_t child = vfork();
  if (child < 0) {
    perror("launch: vfork");
    return 2;
  }
  if (child == 0) {
    execv(argv[2], argv + 2);
    _exit(127);
  }
  int status = 0;
  struct rusage usage;
  while (wait4(child, &status, 0, &usage) < 0) {
    if (errno != EINTR) {
      perror("launch: wait4");
      return 2;
    }
  }
  const int64_t wall = now_ns() - start;
  dprintf(report, "%d %lld %lld %lld %ld %ld\n", status, (long long)wall,
          (long long)microseconds(usage.ru_utime), (long long)microseconds(usage.ru_stime),
          usage.ru_maxrss, usage.ru_minflt + usage.ru_majflt);
  return 0;
}

// read, nanosleep, poll, select, wait, futex and pause: EINTR without SA_RESTART, restart with it where the kernel does.
#include <linux/futex.h>
#include <poll.h>
#include <sys/select.h>

#include "sig.h"
static int pipes[2];
static long do_wait(void);
static void later(int restart, const char* what, long (*call)(void)) {
  handle(SIGUSR1, sig_note, restart ? SA_RESTART : 0);
  pid_t child = fork();
  if (child == 0) {
    rest_ms(30), rest_until_asleep(getppid()), kill(getppid(), SIGUSR1);
    rest_ms(30), rest_until_asleep(getppid());
    write(pipes[1], "x", 1);
    _exit(0);
  }
  int before = sig_count;
  errno = 0;
  long result = call();
  int error = errno;
  printf("%s restart %d: %ld errno %d signals %d\n", what, restart, result, error,
         sig_count - before);
  if (call != do_wait)
    wait_for(child);
  else
    while (waitpid(-1, NULL, 0) > 0) {
    }
  char drop[10];
  fcntl(pipes[0], F_SETFL, O_NONBLOCK), read(pipes[0], drop, 10), fcntl(pipes[0], F_SETFL, 0);
}
static long do_read(void) {
  char c;
  return read(pipes[0], &c, 1);
}
static long do_poll(void) {
  struct pollfd p = {pipes[0], POLLIN, 0};
  return poll(&p, 1, 1000);
}
static long do_select(void) {
  fd_set s;
  FD_ZERO(&s);
  FD_SET(pipes[0], &s);
  struct timeval t = {1, 0};
  return select(pipes[0] + 1, &s, NULL, NULL, &t);
}
static long do_sleep(void) {
  struct timespec t = {1, 0}, left = {9, 9};
  long r = nanosleep(&t, &left);
  return r * 10 - (r < 0 && left.tv_sec == 0 && left.tv_nsec > 0);
}
static long do_clock(void) {
  struct timespec t = {1, 0};
  return clock_nanosleep(CLOCK_MONOTONIC, 0, &t, NULL);
}
static long do_wait(void) { return waitpid(-1, NULL, 0) > 0; }
static long do_futex(void) {
  int word = 0;
  struct timespec t = {5, 0};
  return syscall(SYS_futex, &word, FUTEX_WAIT, 0, &t, NULL, 0);
}
static long do_pause(void) { return pause(); }
int main(void) {
  REQUIRE(pipe(pipes) == 0);
  for (int restart = 0; restart < 2; ++restart) {
    later(restart, "read", do_read), later(restart, "poll", do_poll),
        later(restart, "select", do_select), later(restart, "nanosleep", do_sleep);
    later(restart, "clock_nanosleep", do_clock), later(restart, "futex", do_futex),
        later(restart, "pause", do_pause);
  }
  later(0, "wait", do_wait), later(1, "wait", do_wait);
  return app_status();
}

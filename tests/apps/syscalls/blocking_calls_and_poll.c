// poll, select, epoll, eventfd, timerfd, sockets, readv and writev, sendfile, splice: passed through untouched.
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/uio.h>

#include "app.h"
int main(void) {
  int pair[2], pipes[2];
  REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0 && pipe(pipes) == 0);
  struct pollfd fds[2] = {{pair[0], POLLIN, 0}, {pipes[1], POLLOUT, 0}};
  printf("poll %d %x %x\n", poll(fds, 2, 100), fds[0].revents, fds[1].revents);
  struct iovec pieces[2] = {{"abc", 3}, {"defg", 4}};
  EXPECT(writev(pair[1], pieces, 2) == 7);
  char x[4] = {0}, y[10] = {0};
  struct iovec into[2] = {{x, 3}, {y, 9}};
  EXPECT(readv(pair[0], into, 2) == 7);
  printf("%s %s\n", x, y);
  int event = eventfd(3, 0), epoll = epoll_create1(0), timer = timerfd_create(CLOCK_MONOTONIC, 0);
  struct epoll_event wanted = {EPOLLIN, {.u32 = 77}}, got;
  EXPECT(epoll_ctl(epoll, EPOLL_CTL_ADD, event, &wanted) == 0 &&
         epoll_wait(epoll, &got, 1, 100) == 1 && got.data.u32 == 77);
  struct itimerspec soon = {{0, 0}, {0, 2000000}};
  timerfd_settime(timer, 0, &soon, NULL);
  unsigned long ticks = 0;
  EXPECT(read(timer, &ticks, 8) == 8 && ticks == 1);
  fd_set set;
  FD_ZERO(&set);
  FD_SET(event, &set);
  struct timeval wait = {0, 1000};
  printf("select %d\n", select(event + 1, &set, NULL, NULL, &wait));
  pid_t child = fork();
  if (child == 0) {
    rest_ms(20);
    write(pair[1], "late", 4);
    _exit(0);
  }
  EXPECT(read(pair[0], y, 9) == 4);
  wait_for(child);
  EXPECT(shutdown(pair[1], SHUT_WR) == 0 && read(pair[0], y, 9) == 0);
  return app_status();
}

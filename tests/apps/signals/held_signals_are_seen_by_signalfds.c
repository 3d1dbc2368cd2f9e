// Signals that an instruction can raise, blocked and sent by somebody, are seen by a signalfd: by read, poll and
// epoll, waiting or not, in any thread, and after fork and exec. A thread that lets one through gets it.
#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/signalfd.h>

#include "app.h"

static const int kSignals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGSYS};
static int fd, fd_nonblock;
static volatile sig_atomic_t handled;
static pthread_barrier_t barrier;

static void on_signal(int number) { handled = number; }

static int is_readable(void) {
  struct pollfd entry = {fd, POLLIN, 0};
  return poll(&entry, 1, 0) == 1 && (entry.revents & POLLIN) != 0;
}

static void read_one(const char* how, int from) {
  struct signalfd_siginfo info;
  memset(&info, 0, sizeof info);
  const ssize_t got = read(from, &info, sizeof info);
  printf("%s: %zd bytes, signal %u, code %d, from us: %d, value %d\n", how, got, info.ssi_signo, info.ssi_code,
         info.ssi_pid == getpid(), info.ssi_int);
}

static void sent_before(void) {
  for (unsigned i = 0; i < sizeof kSignals / sizeof *kSignals; ++i) {
    EXPECT(!is_readable());
    kill(getpid(), kSignals[i]);
    EXPECT(is_readable());
    read_one("kill", fd);
    EXPECT(!is_readable());
    raise(kSignals[i]);
    EXPECT(is_readable());
    read_one("raise", fd_nonblock);
    sigqueue(getpid(), kSignals[i], (union sigval){.sival_int = 40 + (int)i});
    read_one("sigqueue", fd);
  }
  struct signalfd_siginfo none;
  EXPECT(read(fd_nonblock, &none, sizeof none) == -1 && errno == EAGAIN);
  // Many at once, in the order of their numbers.
  struct signalfd_siginfo all[8];
  for (unsigned i = 0; i < sizeof kSignals / sizeof *kSignals; ++i) kill(getpid(), kSignals[i]);
  const ssize_t got = read(fd, all, sizeof all);
  for (unsigned i = 0; i * sizeof *all < (size_t)got; ++i) printf("of many: %u\n", all[i].ssi_signo);
}

static void* sends_later(void* thread) {
  const struct timespec pause = {0, 20000000};
  nanosleep(&pause, NULL);
  if (thread != NULL) pthread_kill(*(pthread_t*)thread, SIGSEGV);
  else kill(getpid(), SIGSEGV);
  return NULL;
}

static void sent_while_waiting(void) {
  pthread_t self = pthread_self(), sender;
  for (int round = 0; round < 4; ++round) {
    void* const target = round % 2 != 0 ? &self : NULL;
    pthread_create(&sender, NULL, sends_later, target);
    if (round < 2) {
      struct pollfd entry = {fd, POLLIN, 0};
      printf("poll: %d\n", poll(&entry, 1, 20000));
    } else {
      const int set = epoll_create1(0);
      struct epoll_event event = {.events = EPOLLIN};
      epoll_ctl(set, EPOLL_CTL_ADD, fd, &event);
      printf("epoll: %d\n", epoll_wait(set, &event, 1, 20000));
      close(set);
    }
    pthread_join(sender, NULL);
    read_one("waited", fd_nonblock);
    EXPECT(!is_readable());
    pthread_create(&sender, NULL, sends_later, target);
    struct signalfd_siginfo info;
    EXPECT(read(fd, &info, sizeof info) == sizeof info && info.ssi_signo == SIGSEGV);
    pthread_join(sender, NULL);
  }
}

static void* lets_through(void* argument) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGBUS);
  pthread_sigmask(SIG_UNBLOCK, &set, NULL);
  pthread_barrier_wait(&barrier);
  const struct timespec pause = {0, 1000000};
  for (int i = 0; i < 20000 && handled == 0; ++i) nanosleep(&pause, NULL);
  return argument;
}

static void another_thread_gets_it(void) {
  pthread_t thread;
  signal(SIGBUS, on_signal);
  pthread_barrier_init(&barrier, NULL, 2);
  pthread_create(&thread, NULL, lets_through, NULL);
  pthread_barrier_wait(&barrier);
  kill(getpid(), SIGBUS);
  pthread_join(thread, NULL);
  EXPECT(handled == SIGBUS);
  EXPECT(!is_readable());
}

static void* waits(void* argument) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGILL);
  siginfo_t info;
  const struct timespec limit = {20, 0};
  printf("sigtimedwait: %d\n", sigtimedwait(&set, &info, &limit));
  return argument;
}

static void calls_with_masks(void) {
  sigset_t open;
  sigprocmask(SIG_BLOCK, NULL, &open);
  sigdelset(&open, SIGFPE);
  signal(SIGFPE, on_signal);
  for (int round = 0; round < 3; ++round) {
    handled = 0;
    kill(getpid(), SIGFPE);
    EXPECT(handled == 0);
    const struct timespec limit = {20, 0};
    int result;
    if (round == 0) result = sigsuspend(&open);
    if (round == 1) result = ppoll(NULL, 0, &limit, &open);
    if (round == 2) result = pselect(0, NULL, NULL, NULL, &limit, &open);
    EXPECT(result == -1 && errno == EINTR && handled == SIGFPE);
    EXPECT(!is_readable());
  }
  pthread_t sender, self = pthread_self();
  handled = 0;
  pthread_create(&sender, NULL, sends_later, &self);
  sigdelset(&open, SIGSEGV);
  signal(SIGSEGV, on_signal);
  EXPECT(sigsuspend(&open) == -1 && errno == EINTR && handled == SIGSEGV);
  pthread_join(sender, NULL);
}

static void children(void) {
  kill(getpid(), SIGTRAP);
  const pid_t child = fork();
  if (child == 0) {
    // Nothing is pending in a child, but what is sent to it.
    EXPECT(!is_readable());
    raise(SIGSEGV);
    read_one("child", fd);
    _exit(app_status());
  }
  int status;
  waitpid(child, &status, 0);
  say_status("child", status);
  read_one("parent", fd);
}

int main(void) {
  sigset_t set;
  sigemptyset(&set);
  for (unsigned i = 0; i < sizeof kSignals / sizeof *kSignals; ++i) sigaddset(&set, kSignals[i]);
  sigprocmask(SIG_BLOCK, &set, NULL);
  // The descriptors come after the first signal: nothing has told that anybody will look.
  kill(getpid(), SIGSYS);
  fd = signalfd(-1, &set, SFD_CLOEXEC);
  fd_nonblock = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  read_one("early", fd);
  sent_before();
  sent_while_waiting();
  another_thread_gets_it();
  pthread_t waiter;
  pthread_create(&waiter, NULL, waits, NULL);
  sends_later(&waiter);
  pthread_kill(waiter, SIGILL);
  pthread_join(waiter, NULL);
  read_one("for the thread that is gone", fd_nonblock);
  calls_with_masks();
  children();
  return app_status();
}

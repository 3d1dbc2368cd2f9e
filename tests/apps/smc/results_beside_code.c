// System calls write their results beside code that has run, on pages that the runtime protects: the
// numbers of clone, old masks and actions, what is told of a signal, of a child or of a peer.
#include "smc.h"

#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/un.h>

static unsigned char* page;

/// The middle of a page at whose start code has just run; so it has on the next page.
static void* fresh(void) {
  page = map_rwx(2);
  write_function(page, 7);
  write_function(page + 8000, 8);
  EXPECT(call(page) == 7 && call(page + 8000) == 8);
  return page + 1024;
}

static void numbers_of_fork(void) {
  int* word = fresh();
  const long child = syscall(SYS_clone, CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | SIGCHLD, 0, word, word + 1, 0);
  REQUIRE(child >= 0);
  if (child == 0) _exit(word[1] == getpid() ? 5 : 6);
  EXPECT(word[0] == child && word[1] == 0);
  say_status("fork", wait_for((pid_t)child));
}

static void number_of_descriptor(void) {
  int* word = fresh();
  *word = -1;
  const long child = syscall(SYS_clone, CLONE_PIDFD | SIGCHLD, 0, word, 0, 0);
  REQUIRE(child >= 0);
  if (child == 0) _exit(7);
  EXPECT(*word > 2);
  say_status("pidfd", wait_for((pid_t)child));
}

static void numbers_of_vfork(void) {
  static char stack[65536] __attribute__((aligned(64)));
  int* word = fresh();
  const int child = clone((int (*)(void*))_exit, stack + sizeof stack,
                          CLONE_VM | CLONE_VFORK | CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | SIGCHLD, (void*)9, word,
                          NULL, word + 1);
  EXPECT(word[0] == child && word[1] == child);
  say_status("vfork", wait_for(child));
}

static int do_nothing(void* argument) {
  syscall(SYS_exit, 0);
  return 0;
}

/// The kernel clears the number when the thread ends, by which others know.
static void number_of_a_thread_that_ends(void) {
  static char stack[65536] __attribute__((aligned(64)));
  int* word = fresh();
  for (int i = 0; i < 20; ++i) {
    EXPECT(call(page) == 7);
    const int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM |
                      CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID;
    REQUIRE(clone(do_nothing, stack + sizeof stack, flags, NULL, word, NULL, word) > 0);
    for (int n = 0; n < 5000 && *(volatile int*)word != 0; ++n) rest_ms(1);
    EXPECT(*word == 0);
  }
}

static void masks_and_actions(void) {
  struct {
    sigset_t mask;
    struct sigaction action;
    stack_t stack;
    sigset_t pending;
    struct rlimit limit;
  }* out = fresh();
  sigset_t block;
  sigemptyset(&block);
  sigaddset(&block, SIGUSR1);
  EXPECT(sigprocmask(SIG_BLOCK, &block, NULL) == 0);
  EXPECT(sigprocmask(SIG_BLOCK, NULL, &out->mask) == 0 && sigismember(&out->mask, SIGUSR1));
  out = fresh();
  EXPECT(sigaction(SIGUSR1, NULL, &out->action) == 0);
  out = fresh();
  EXPECT(sigaltstack(NULL, &out->stack) == 0 && out->stack.ss_flags == SS_DISABLE);
  out = fresh();
  raise(SIGUSR1);
  EXPECT(sigpending(&out->pending) == 0 && sigismember(&out->pending, SIGUSR1));
  out = fresh();
  EXPECT(getrlimit(RLIMIT_AS, &out->limit) == 0 && out->limit.rlim_cur != 0);
  siginfo_t* info = fresh();
  struct timespec soon = {1, 0};
  EXPECT(sigtimedwait(&block, info, &soon) == SIGUSR1 && info->si_signo == SIGUSR1);
  sigaddset(&block, SIGSEGV);
  sigprocmask(SIG_BLOCK, &block, NULL);
  raise(SIGSEGV);
  info = fresh();
  EXPECT(sigtimedwait(&block, info, &soon) == SIGSEGV && info->si_signo == SIGSEGV);
  // Across the border of two pages.
  info = (siginfo_t*)((char*)fresh() + 3072 - 64);
  raise(SIGUSR1);
  EXPECT(sigtimedwait(&block, info, &soon) == SIGUSR1 && info->si_signo == SIGUSR1);
  sigprocmask(SIG_UNBLOCK, &block, NULL);
}

static void children(void) {
  int* status = fresh();
  pid_t child = fork();
  if (child == 0) _exit(11);
  EXPECT(waitpid(child, status, 0) == child && WEXITSTATUS(*status) == 11);
  siginfo_t* info = fresh();
  child = fork();
  if (child == 0) _exit(12);
  EXPECT(waitid(P_PID, (id_t)child, info, WEXITED) == 0 && info->si_status == 12);
  struct rusage* usage = fresh();
  int on_stack = 0;
  child = fork();
  if (child == 0) _exit(13);
  EXPECT(wait4(child, &on_stack, 0, usage) == child && WEXITSTATUS(on_stack) == 13);
}

static void messages(void) {
  const int queue = msgget(IPC_PRIVATE, 0600);
  REQUIRE(queue >= 0);
  struct {
    long type;
    char text[100];
  } sent = {3, "hello"}, *got = fresh();
  EXPECT(msgsnd(queue, &sent, sizeof sent.text, 0) == 0);
  EXPECT(msgrcv(queue, got, sizeof got->text, 0, IPC_NOWAIT) == sizeof sent.text && strcmp(got->text, "hello") == 0);
  msgctl(queue, IPC_RMID, NULL);
}

static void peers(void) {
  struct sockaddr_un name = {AF_UNIX, ""};
  snprintf(name.sun_path + 1, 64, "weft-results-%d", getpid());
  const int listener = socket(AF_UNIX, SOCK_STREAM, 0);
  const int caller = socket(AF_UNIX, SOCK_STREAM, 0);
  EXPECT(bind(listener, (void*)&name, 40) == 0 && listen(listener, 3) == 0);
  EXPECT(connect(caller, (void*)&name, 40) == 0);
  struct sockaddr_un* peer = fresh();
  socklen_t size = sizeof *peer;
  EXPECT(accept(listener, (void*)peer, &size) > 0 && peer->sun_family == AF_UNIX);
  int pair[2];
  socketpair(AF_UNIX, SOCK_DGRAM, 0, pair);
  EXPECT(write(pair[0], "x", 1) == 1);
  char byte = 0;
  socklen_t* from_size = fresh();
  struct sockaddr_un from;
  *from_size = sizeof from;
  EXPECT(recvfrom(pair[1], &byte, 1, MSG_DONTWAIT, (void*)&from, from_size) == 1 && byte == 'x');
}

static void offsets_and_times(void) {
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  const int file = open("data", O_RDWR | O_CREAT, 0600);
  EXPECT(write(file, "0123456789", 10) == 10);
  off_t* offset = fresh();
  *offset = 2;
  EXPECT(sendfile64(ends[1], file, offset, 4) == 4 && *offset == 6);
  offset = fresh();
  EXPECT(splice(ends[0], NULL, file, offset, 4, 0) == 4 && *offset == 4);
  const int timer = timerfd_create(CLOCK_MONOTONIC, 0);
  const struct itimerspec first = {{}, {1000, 0}}, second = {{}, {2000, 0}};
  timerfd_settime(timer, 0, &first, NULL);
  struct itimerspec* before = fresh();
  EXPECT(timerfd_settime(timer, 0, &second, before) == 0 && before->it_value.tv_sec < 1001);
  const struct itimerval alarm_first = {{}, {1000, 0}}, alarm_second = {{}, {2000, 0}};
  setitimer(ITIMER_REAL, &alarm_first, NULL);
  struct itimerval* alarm_before = fresh();
  EXPECT(setitimer(ITIMER_REAL, &alarm_second, alarm_before) == 0 && alarm_before->it_value.tv_sec < 1001);
}

int main(void) {
  numbers_of_fork();
  number_of_descriptor();
  numbers_of_vfork();
  number_of_a_thread_that_ends();
  masks_and_actions();
  children();
  messages();
  peers();
  offsets_and_times();
  puts("done");
  return app_status();
}

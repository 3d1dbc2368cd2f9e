// setuid(), setgid() and setgroups() of a program with threads change all of them: libc sends each a
// signal of its own (33).
#include "../app.h"

#include <grp.h>
#include <pthread.h>
#include <sys/syscall.h>

enum { kThreads = 6, kUser = 12345, kGroup = 23456 };
static pthread_barrier_t begin, end;
static volatile int users[kThreads], groups[kThreads];

static void* look(void* number) {
  const long n = (long)number;
  pthread_barrier_wait(&begin);
  // One waits in a system call, one runs, as it happens.
  pthread_barrier_wait(&end);
  users[n] = (int)syscall(SYS_geteuid);
  groups[n] = (int)syscall(SYS_getegid);
  return NULL;
}

static void change_all(void) {
  pthread_t threads[kThreads];
  pthread_barrier_init(&begin, NULL, kThreads + 1);
  pthread_barrier_init(&end, NULL, kThreads + 1);
  for (long n = 0; n < kThreads; ++n) REQUIRE(pthread_create(&threads[n], NULL, look, (void*)n) == 0);
  pthread_barrier_wait(&begin);
  for (int i = 0; i < 100; ++i) EXPECT(setgid(getgid()) == 0 && setuid(getuid()) == 0);
  const int privileged = geteuid() == 0;
  if (privileged) {
    const gid_t none = kGroup;
    EXPECT(setgroups(1, &none) == 0);
    EXPECT(setgid(kGroup) == 0);
    EXPECT(setuid(kUser) == 0);
  }
  pthread_barrier_wait(&end);
  for (int n = 0; n < kThreads; ++n) {
    pthread_join(threads[n], NULL);
    EXPECT(users[n] == (int)geteuid());
    EXPECT(groups[n] == (int)getegid());
  }
  printf("changed: %d\n", !privileged || (geteuid() == kUser && getegid() == kGroup));
  _exit(app_status());
}

static void* nothing(void* argument) { return argument; }

static void change_after_threads_are_gone(void) {
  pthread_t thread;
  for (int i = 0; i < 3; ++i) {
    pthread_create(&thread, NULL, nothing, NULL);
    pthread_join(thread, NULL);
    EXPECT(setgid(getgid()) == 0);
  }
  change_all();
}

static void* child_of_a_thread(void* argument) {
  in_child("in a child of a thread", change_all);
  return argument;
}

int main(void) {
  in_child("in a child", change_all);
  in_child("after threads that have ended", change_after_threads_are_gone);
  pthread_t thread;
  pthread_create(&thread, NULL, child_of_a_thread, NULL);
  pthread_join(thread, NULL);
  change_all();
}

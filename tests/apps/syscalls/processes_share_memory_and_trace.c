// CLONE_VM without CLONE_VFORK: many such processes, at once and one after another, killed or ended
// by themselves; one that traces its parent's threads, as leak checkers do at exit.
#include <pthread.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>

#include "app.h"
enum { kAtOnce = 6, kStack = 65536 };
static char stacks[kAtOnce][kStack] __attribute__((aligned(16)));
static volatile int started, sum, stop;
static int count(void* argument) {
  __atomic_add_fetch(&sum, (int)(long)argument, __ATOMIC_RELAXED);
  __atomic_add_fetch(&started, 1, __ATOMIC_RELAXED);
  return 5;
}
static int spin(void* argument) {
  __atomic_add_fetch(&started, 1, __ATOMIC_RELAXED);
  for (;;) {
  }
}
static pid_t share(int place, int (*body)(void*), long argument) {
  return clone(body, stacks[place] + kStack, CLONE_VM | CLONE_FS | CLONE_FILES | SIGCHLD,
               (void*)argument);
}
static void* other_thread(void* tid) {
  __atomic_store_n((pid_t*)tid, gettid(), __ATOMIC_RELEASE);
  while (!stop) usleep(1000);
  return NULL;
}
static pid_t traced[2];
static int trace(void* argument) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  for (int i = 0; i < 2; ++i) {
    if (ptrace(PTRACE_ATTACH, traced[i], 0, 0) != 0) return 10 + errno;
    int status = 0;
    if (waitpid(traced[i], &status, __WALL) != traced[i] || !WIFSTOPPED(status)) return 2;
  }
  for (int i = 0; i < 2; ++i) {
    if (ptrace(PTRACE_DETACH, traced[i], 0, 0) != 0) return 3;
  }
  return 0;
}
int main(void) {
  for (int round = 0; round < 20; ++round) {
    pid_t children[kAtOnce];
    started = 0;
    for (int i = 0; i < kAtOnce; ++i) children[i] = share(i, i % 2 ? spin : count, i);
    while (started < kAtOnce) sched_yield();
    for (int i = 0; i < kAtOnce; ++i) {
      if (i % 2) kill(children[i], SIGKILL);
      int status = wait_for(children[i]);
      EXPECT(i % 2 ? WIFSIGNALED(status) : WEXITSTATUS(status) == 5);
    }
  }
  printf("%d\n", sum);
  pthread_t thread;
  pthread_create(&thread, NULL, other_thread, &traced[1]);
  while (__atomic_load_n(&traced[1], __ATOMIC_ACQUIRE) == 0) sched_yield();
  traced[0] = gettid();
  prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
  say_status("tracer", wait_for(share(0, trace, 0)));
  stop = 1;
  pthread_join(thread, NULL);
  return app_status();
}

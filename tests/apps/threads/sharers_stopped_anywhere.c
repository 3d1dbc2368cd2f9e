// Processes that share this memory are stopped and killed wherever they stand, also while code is being made for them.
// What stops them needs new code of its own meanwhile.
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>

#include "app.h"
enum { kRounds = 60, kStack = 65536, kPage = 4096 };
static char stacks[2][kStack] __attribute__((aligned(16)));
static volatile int started;

// A function that is written anew for each call: mov eax, VALUE; ret.
static int run_new_code(unsigned char* page, int value) {
  page[0] = 0xB8;
  memcpy(page + 1, &value, sizeof value);
  page[5] = 0xC3;
  return ((int (*)(void))(void*)page)();
}
static unsigned char* new_page(void) {
  return mmap(NULL, kPage, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}
static int make_code(void* page) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  for (int i = 0;; ++i) {
    if (run_new_code(page, i) != i) return 1;
    started = 1;
  }
}
struct Job {
  pid_t target;
  unsigned char* page;
};
static int stop_and_make_code(void* argument) {
  struct Job* job = argument;
  int status = 0;
  if (ptrace(PTRACE_ATTACH, job->target, 0, 0) != 0) return 10 + errno;
  if (waitpid(job->target, &status, __WALL) != job->target || !WIFSTOPPED(status)) return 2;
  for (int i = 0; i < 20; ++i) {
    if (run_new_code(job->page, i) != i) return 3;
  }
  return ptrace(PTRACE_DETACH, job->target, 0, 0) != 0 ? 4 : 0;
}
static pid_t share(int place, int (*body)(void*), void* argument) {
  return clone(body, stacks[place] + kStack, CLONE_VM | CLONE_FS | CLONE_FILES | SIGCHLD, argument);
}
int main(void) {
  unsigned char* const pages[] = {new_page(), new_page(), new_page()};
  for (int round = 0; round < kRounds; ++round) {
    started = 0;
    const pid_t maker = share(0, make_code, pages[0]);
    while (!started) sched_yield();
    struct Job job = {maker, pages[1]};
    EXPECT(wait_for(share(1, stop_and_make_code, &job)) == 0);
    kill(maker, SIGSTOP);
    EXPECT(run_new_code(pages[2], round) == round);
    kill(maker, SIGKILL);
    EXPECT(run_new_code(pages[2], ~round) == ~round);
    EXPECT(WIFSIGNALED(wait_for(maker)));
  }
  puts("done");
  return app_status();
}

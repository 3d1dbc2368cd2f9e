// makecontext and swapcontext: coroutines on stacks of their own.
#include "app.h"
static ucontext_t home, workers[3];
static char stacks[3][65536];
static int turns[3];
static void work(int id, int step) {
  for (int i = 0; i < 1000; ++i) {
    turns[id] += step;
    swapcontext(&workers[id], &home);
  }
  printf("worker %d ends\n", id);
}
int main(void) {
  for (int i = 0; i < 3; ++i) {
    getcontext(&workers[i]);
    workers[i].uc_stack.ss_sp = stacks[i];
    workers[i].uc_stack.ss_size = sizeof stacks[i];
    workers[i].uc_link = &home;
    makecontext(&workers[i], (void (*)(void))work, 2, i, i * 10 + 1);
  }
  for (int round = 0; round < 1001; ++round)
    for (int i = 0; i < 3; ++i) swapcontext(&home, &workers[i]);
  printf("%d %d %d\n", turns[0], turns[1], turns[2]);
  return app_status();
}

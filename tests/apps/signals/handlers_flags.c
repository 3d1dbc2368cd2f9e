// SA_NODEFER, SA_RESETHAND, sa_mask, SA_ONSTACK and old-style handlers, seen from inside the handler.
#include "sig.h"
static char other[65536];
static volatile int depth, on_other;
static void look(int number, siginfo_t* info, void* context) {
  char here;
  on_other = &here >= other && &here < other + sizeof other;
  struct sigaction action;
  sigaction(number, NULL, &action);
  printf("depth %d usr1 blocked %d hup blocked %d other stack %d default %d mask in context %d\n",
         depth, sig_blocked(SIGUSR1), sig_blocked(SIGHUP), on_other, action.sa_handler == SIG_DFL,
         sigismember(&((ucontext_t*)context)->uc_sigmask, SIGUSR1));
  if (depth++ < 2) raise(SIGUSR1);
  --depth;
}
static void simple(int number) { printf("simple %d\n", number); }
int main(void) {
  handle(SIGUSR1, look, 0);
  depth = 2, raise(SIGUSR1), depth = 0;
  handle(SIGUSR1, look, SA_NODEFER);
  raise(SIGUSR1);
  struct sigaction action = {.sa_sigaction = look, .sa_flags = SA_SIGINFO};
  sigaddset(&action.sa_mask, SIGHUP);
  sigaction(SIGUSR1, &action, NULL);
  depth = 2, raise(SIGUSR1), depth = 0;
  stack_t alternate = {.ss_sp = other, .ss_size = sizeof other}, old;
  sigaltstack(&alternate, NULL);
  handle(SIGUSR1, look, SA_ONSTACK);
  depth = 2, raise(SIGUSR1), depth = 0;
  handle(SIGUSR1, look, SA_RESETHAND);
  depth = 2, raise(SIGUSR1), depth = 0;
  printf("blocked afterwards %d %d\n", sig_blocked(SIGUSR1), sig_blocked(SIGHUP));
  signal(SIGUSR2, simple);
  raise(SIGUSR2), raise(SIGUSR2);
  EXPECT(sigaltstack(NULL, &old) == 0 && old.ss_sp == other && old.ss_flags == 0);
  alternate.ss_size = 100;
  EXPECT(sigaltstack(&alternate, NULL) == -1 && errno == ENOMEM);
  alternate.ss_flags = 77;
  EXPECT(sigaltstack(&alternate, NULL) == -1 && errno == EINVAL);
  return app_status();
}

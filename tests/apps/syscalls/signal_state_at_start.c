// At the start nothing is blocked, pending or handled that was not so natively; children inherit the same.
#include "app.h"
int main(int argc, char** argv) {
  sigset_t set;
  sigprocmask(SIG_BLOCK, NULL, &set);
  for (int i = 1; i <= 64; ++i) {
    if (sigismember(&set, i) == 1) printf("blocked %d\n", i);
    struct sigaction action;
    if (sigaction(i, NULL, &action) == 0 && (action.sa_handler != SIG_DFL || action.sa_flags))
      printf("%d: %s flags %x\n", i, action.sa_handler == SIG_IGN ? "ignored" : "handled",
             action.sa_flags);
  }
  stack_t alternate;
  sigaltstack(NULL, &alternate);
  printf("alternate stack flags %d size %zu\n", alternate.ss_flags, alternate.ss_size);
  char line[256];
  FILE* status = fopen("/proc/self/status", "r");
  while (fgets(line, sizeof line, status))
    if (strncmp(line, "Sig", 3) == 0 || strncmp(line, "ShdPnd", 6) == 0 ||
        strncmp(line, "Threads", 7) == 0)
      if (strncmp(line, "SigQ", 4)) fputs(line, stdout);
  if (argc == 1) {
    signal(SIGUSR2, SIG_IGN);
    signal(SIGUSR1, (void (*)(int))main);
    sigemptyset(&set);
    sigaddset(&set, SIGHUP);
    sigprocmask(SIG_BLOCK, &set, NULL);
    raise(SIGHUP);
    puts("exec");
    execl("/proc/self/exe", argv[0], "again", NULL);
  }
  sigpending(&set);
  printf("HUP pending %d\n", sigismember(&set, SIGHUP));
  return app_status();
}

// wait, waitpid, waitid and wait4 on children that exit, die by signals, stop and continue.
#include <sys/resource.h>

#include "app.h"
static void exits(void) { _exit(300); }
static void killed(void) { raise(SIGKILL); }
static void terminated(void) { kill(getpid(), SIGTERM); }
static void segv(void) { *(volatile int*)0 = 1; }
static void aborted(void) { abort(); }
static void piped(void) {
  int p[2];
  pipe(p);
  close(p[0]);
  write(p[1], "x", 1);
}
static void alarmed(void) {
  alarm(1);
  for (;;) pause();
}
static void user(void) { raise(SIGUSR1); }
static void realtime(void) { raise(SIGRTMIN + 3); }
int main(void) {
  in_child("exit 300", exits), in_child("kill", killed), in_child("term", terminated),
      in_child("segv", segv), in_child("abort", aborted);
  in_child("pipe", piped), in_child("alarm", alarmed), in_child("usr1", user),
      in_child("rtmin+3", realtime);
  int gate[2];
  pipe(gate);
  pid_t child = fork();
  if (child == 0) {
    char byte;
    close(gate[1]);
    raise(SIGSTOP);
    read(gate[0], &byte, 1);  // until the parent has seen that it went on
    _exit(8);
  }
  close(gate[0]);
  int status;
  EXPECT(waitpid(child, &status, WUNTRACED) == child);
  say_status("stop", status);
  EXPECT(waitpid(child, &status, WNOHANG) == 0);
  kill(child, SIGCONT);
  EXPECT(waitpid(child, &status, WCONTINUED) == child);
  say_status("continue", status);
  close(gate[1]);
  siginfo_t info;
  EXPECT(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT) == 0 && info.si_pid == child);
  printf("waitid code %d status %d\n", info.si_code, info.si_status);
  struct rusage usage;
  EXPECT(wait4(child, &status, 0, &usage) == child);
  say_status("end", status);
  signal(SIGCHLD, SIG_IGN);
  child = fork();
  if (child == 0) _exit(1);
  EXPECT(waitpid(child, &status, 0) == -1 && errno == ECHILD);
  return app_status();
}

// Stop and continue from outside: state in waitpid, SIGCONT handlers, SIGTSTP default and handled, stopped while computing.
#include "sig.h"
static volatile int continued;
static void note_cont(int number) { ++continued; }
int main(void) {
  for (int i = 0; i < 3; ++i) {
    int ready[2];
    REQUIRE(pipe(ready) == 0);
    pid_t child = fork();
    if (child == 0) {
      setpgid(0, 0);
      signal(SIGCONT, note_cont);
      handle(SIGUSR1, sig_note, 0);
      write(ready[1], "r", 1);
      if (i == 2) rest_ms(5000);
      while (sig_count == 0)
        if (i == 1) rest_ms(1);
      _exit(70 + continued);
    }
    char c;
    read(ready[0], &c, 1);
    int status;
    kill(child, i == 1 ? SIGTSTP : SIGSTOP);
    EXPECT(waitpid(child, &status, WUNTRACED) == child);
    say_status("child", status);
    rest_ms(5);
    kill(child, SIGCONT);
    EXPECT(waitpid(child, &status, WCONTINUED) == child);
    say_status("child", status);
    rest_ms(20);
    kill(child, i == 2 ? SIGTERM : SIGUSR1);
    say_status("child", wait_for(child));
    close(ready[0]), close(ready[1]);
  }
  return app_status();
}

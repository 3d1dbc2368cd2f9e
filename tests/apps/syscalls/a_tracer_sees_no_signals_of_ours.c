// A child that asks to be traced, by a tracer that swallows every signal: it calls what it has not
// called before, in libraries that it has and has not yet, and no signal comes but its own.
// flags: -rdynamic
#include <dlfcn.h>
#include <sys/ptrace.h>

#include "app.h"
static void traced(void) {
  REQUIRE(ptrace(PTRACE_TRACEME, 0, 0, 0) == 0);
  raise(SIGSTOP);
  char text[64];
  snprintf(text, sizeof text, "%a %s", 1.5, strsignal(SIGHUP));
  void* library = dlopen("libm.so.6", RTLD_NOW);
  double (*function)(double) = (double (*)(double))dlsym(library, "cbrt");
  setvbuf(stdout, NULL, _IONBF, 0);
  qsort(text, strlen(text), 1, (int (*)(const void*, const void*))strcmp);
  raise(SIGUSR1);
  _exit(function != NULL && function(27) > 2.9 ? 9 : 8);
}
int main(void) {
  pid_t child = fork();
  if (child == 0) traced();
  for (;;) {
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    say_status("child", status);
    if (!WIFSTOPPED(status)) break;
    REQUIRE(ptrace(PTRACE_CONT, child, 0, 0) == 0);
  }
  return app_status();
}

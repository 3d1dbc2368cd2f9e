// A tracer attaches to children that run already, one in a system call and one that runs code: then
// they call what they have not called before, and no signal comes but their own.
// flags: -rdynamic
#include <dlfcn.h>
#include <sys/ptrace.h>

#include "app.h"

struct shared {
  volatile int runs;
  volatile int traced;
};

static void call_new_functions(void) {
  char text[64];
  snprintf(text, sizeof text, "%a %s", 1.5, strsignal(SIGHUP));
  void* library = dlopen("libm.so.6", RTLD_NOW);
  double (*function)(double) = (double (*)(double))dlsym(library, "cbrt");
  qsort(text, strlen(text), 1, (int (*)(const void*, const void*))strcmp);
  raise(SIGUSR1);
  _exit(function != NULL && function(27) > 2.9 ? 9 : 8);
}

static void wait_in_a_call(struct shared* shared, int end) {
  char byte;
  shared->runs = 1;
  REQUIRE(read(end, &byte, 1) == 1);
  call_new_functions();
}

static void wait_in_a_loop(struct shared* shared, int end) {
  (void)end;
  shared->runs = 1;
  while (!shared->traced) {
  }
  call_new_functions();
}

static void attach(const char* what, void (*body)(struct shared*, int), int request) {
  struct shared* shared =
      mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  int ends[2];
  REQUIRE(shared != MAP_FAILED && pipe(ends) == 0);
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) body(shared, ends[0]);
  while (!shared->runs) usleep(1000);
  REQUIRE(ptrace(request, child, 0, 0) == 0);
  int status = 0;
  if (request == PTRACE_ATTACH) {
    REQUIRE(waitpid(child, &status, 0) == child);
    say_status(what, status);
    REQUIRE(ptrace(PTRACE_CONT, child, 0, 0) == 0);
  }
  shared->traced = 1;
  REQUIRE(write(ends[1], "x", 1) == 1);
  while (waitpid(child, &status, 0) == child) {
    say_status(what, status);
    if (!WIFSTOPPED(status)) break;
    REQUIRE(ptrace(PTRACE_CONT, child, 0, 0) == 0);
  }
  close(ends[0]);
  close(ends[1]);
  munmap(shared, 4096);
}

int main(void) {
  attach("attached in a call", wait_in_a_call, PTRACE_ATTACH);
  attach("seized in a call", wait_in_a_call, PTRACE_SEIZE);
  attach("attached in a loop", wait_in_a_loop, PTRACE_ATTACH);
  attach("seized in a loop", wait_in_a_loop, PTRACE_SEIZE);
  return app_status();
}

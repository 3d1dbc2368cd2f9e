// exit, _exit, exit_group, return from main, abort and quick_exit: what is flushed and which handlers run.
#include "app.h"
static void handler(void) { puts("atexit"); }
static void quick(void) { puts("at_quick_exit"); }
static void prepare(void) {
  setvbuf(stdout, NULL, _IOFBF, 4096);
  atexit(handler);
  at_quick_exit(quick);
  printf("buffered\n");
}
static void by_exit(void) { prepare(), exit(3); }
static void by__exit(void) { prepare(), _exit(4); }
static void by_group(void) { prepare(), syscall(SYS_exit_group, 5); }
static void by_exit_call(void) { prepare(), syscall(SYS_exit, 6); }
static void by_quick(void) { prepare(), fflush(stdout), quick_exit(7); }
static void by_abort(void) { prepare(), abort(); }
static void by_flush(void) { prepare(), fflush(NULL), _exit(256 + 9); }
int main(void) {
  in_child("exit", by_exit), in_child("_exit", by__exit), in_child("exit_group", by_group),
      in_child("SYS_exit", by_exit_call);
  in_child("quick_exit", by_quick), in_child("abort", by_abort), in_child("flush", by_flush);
  return app_status();
}

// Constructors, destructors, atexit and on_exit handlers, static objects of functions: the order of
// the end.
// exits: 5
#include "app.h"
struct Named {
  const char* name;
  Named(const char* n) : name(n) { printf("+%s\n", n); }
  ~Named() { printf("-%s\n", name); }
};
static Named global("global");
__attribute__((constructor(200))) static void early() { puts("constructor 200"); }
__attribute__((constructor(300))) static void later() { puts("constructor 300"); }
__attribute__((destructor(200))) static void last() { puts("destructor 200"); }
static void at_exit() { puts("atexit"); }
static void on_exit_handler(int status, void* arg) {
  printf("on_exit %d %s\n", status, (const char*)arg);
}
static void function() {
  static Named local("local static");
  thread_local Named threads("thread_local");
}
int main() {
  atexit(at_exit);
  on_exit(on_exit_handler, (void*)"argument");
  function();
  atexit([] { puts("atexit lambda"); });
  exit(5);
}

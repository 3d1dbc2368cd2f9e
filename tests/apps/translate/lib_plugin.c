// A library that is opened, used and closed again.
#include <stdio.h>
static __thread int calls;
__attribute__((constructor)) static void loaded(void) { puts("plugin loaded"); }
__attribute__((destructor)) static void unloaded(void) { puts("plugin unloaded"); }
int plugin_work(int x) { return x * 2 + ++calls; }

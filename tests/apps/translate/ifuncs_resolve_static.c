// flags: -static
// Indirect functions of a static executable are resolved by its own start code.
#include "app.h"
static int two(int x) { return x * 2; }
static int (*choose(void))(int) { return two; }
int chosen(int x) __attribute__((ifunc("choose")));
int main(void) {
  printf("%d %zu\n", chosen(21), strlen("static"));
  return app_status();
}

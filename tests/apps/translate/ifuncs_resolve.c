// Indirect functions are resolved while the program is loaded.
#include "app.h"
static int one(int x) { return x + 1; }
static int two(int x) { return x * 2; }
static int (*choose(void))(int) { return getenv == NULL ? one : two; }
int chosen(int x) __attribute__((ifunc("choose")));
int main(void) {
  int (*pointer)(int) = chosen;
  printf("%d %d\n", chosen(21), pointer(4));
  char text[100];
  memset(text, 'x', 50);
  text[50] = 0;
  printf("%zu %d\n", strlen(text), strcmp(text, "xxxx") > 0);
  return app_status();
}

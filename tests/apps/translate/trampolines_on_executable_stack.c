// flags: -z execstack
// A nested function whose address is taken runs through code that gcc writes on the stack.
#include "app.h"
static __attribute__((noinline)) int apply(int (*f)(int), int n) {
  int sum = 0;
  for (int i = 0; i < n; ++i) sum += f(i);
  return sum;
}
static __attribute__((noinline)) int nest(int factor, int depth) {
  int calls = 0;
  int times(int x) {
    ++calls;
    return x * factor;
  }
  int result = apply(times, 100);
  if (depth > 0) result += nest(factor + 1, depth - 1) + apply(times, 2);
  return result + calls;
}
int main(void) {
  for (int i = 0; i < 20; ++i) printf("%d\n", nest(i, 3));
  return app_status();
}

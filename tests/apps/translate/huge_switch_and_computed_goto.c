// A jump table of 1000 cases, its relative form as compilers emit it, and a threaded interpreter.
#include "app.h"
#define C1(n) \
  case n:     \
    return x * (n + 3) + n;
#define C10(n) \
  C1(n) C1(n + 1) C1(n + 2) C1(n + 3) C1(n + 4) C1(n + 5) C1(n + 6) C1(n + 7) C1(n + 8) C1(n + 9)
#define C100(n)                                                                                   \
  C10(n)                                                                                          \
  C10(n + 10) C10(n + 20) C10(n + 30) C10(n + 40) C10(n + 50) C10(n + 60) C10(n + 70) C10(n + 80) \
      C10(n + 90)
static __attribute__((noinline)) unsigned choose(unsigned n, unsigned x) {
  switch (n) {
    C100(0)
    C100(100) C100(200) C100(300) C100(400) C100(500) C100(600) C100(700) C100(800) C100(900)
  }
  return 1;
}
static unsigned interpret(const unsigned char* code) {
  static void* const kOps[] = {&&add, &&sub, &&mul, &&jump_back, &&halt};
  unsigned a = 1, n = 0;
  goto* kOps[*code];
add:
  a += 7;
  goto* kOps[*++code];
sub:
  a -= 3;
  goto* kOps[*++code];
mul:
  a *= 5;
  goto* kOps[*++code];
jump_back:
  if (++n < 10000) code -= 5;
  goto* kOps[*++code];
halt:
  return a;
}
int main(void) {
  unsigned sum = 0;
  for (unsigned i = 0; i < 5000; ++i) sum = sum * 31 + choose(i * 7919 % 1003, i);
  printf("%x\n", sum);
  static const unsigned char program[] = {0, 1, 2, 0, 2, 3, 4};
  printf("%x\n", interpret(program));
  return app_status();
}

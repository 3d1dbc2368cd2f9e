// flags: -O1 -g
// Passes parameters of every class to functions, for weft trace to find them by name.
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

struct inner {
  int a;
  short b;
  char name[12];
};

struct record {
  uint32_t price;
  uint16_t count;
  const char* name;
  struct inner in;
  struct inner* pin;
  unsigned flag : 3;
  int low : 5;
  union {
    long u;
    double d;
  };
  const int* pn;
};

struct small {
  int x, y;
};

struct mixed {
  double d;
  long l;
};

struct big {
  long a0, a1, a2, a3, a4;
};

enum color { kRed, kGreen = 7 };

#define PROBED __attribute__((noipa))

PROBED long fields(struct record* r, unsigned char c, signed char s, enum color e) { return r->price + c + s + (long)e; }

PROBED double mixed(double d, struct small sm, float f, struct mixed m, int last) {
  return d + sm.x + sm.y + f + m.d + (double)m.l + last;
}

PROBED long stacked(struct big b, int a, int b2, int c, int d, int e, int f, int g, short h) {
  return b.a2 + a + b2 + c + d + e + f + g + h;
}

PROBED struct big returned(int n, struct record* r) {
  struct big b = {n, r->price, n, n, n};
  return b;
}

PROBED long inner_call(void) { return syscall(SYS_getppid) + 1; }

PROBED long outer_call(void) { return inner_call() + 1; }

int main(void) {
  static const int pointed = -77;
  static struct inner inner = {-5, -6, "inner"};
  static struct record record = {20, 2, "apple", {3, 4, "in"}, &inner, 5, -3, {.u = 99}, &pointed};
  fields(&record, 200, -100, kGreen);
  mixed(1.5, (struct small){11, -12}, 2.5F, (struct mixed){3.5, 44}, -7);
  stacked((struct big){1, 2, 3, 4, 5}, 1, 2, 3, 4, 5, 6, 7, -8);
  returned(42, &record);
  outer_call();
  return 0;
}

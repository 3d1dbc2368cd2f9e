// Each of the 16 conditions, as short and near jump, taken and not taken, for every value of the flags it reads.
#include "app.h"

#define ONE(cc, form)                                                                          \
  static int form##_##cc(unsigned long flags) {                                                \
    int taken;                                                                                 \
    __asm__ volatile("push %1; popfq; mov $1, %0; " form##_JUMP(cc) " mov $0, %0; " form##_PAD \
                     "7:"                                                                      \
                     : "=&r"(taken)                                                            \
                     : "r"(flags)                                                              \
                     : "cc", "memory");                                                        \
    return taken;                                                                              \
  }
#define short_JUMP(cc) "j" #cc " 7f;"
#define short_PAD ""
#define near_JUMP(cc) "j" #cc " 7f;"
#define near_PAD "jmp 7f; .skip 200, 0x90;"
#define ALL(m, f)                                                                              \
  m(o, f) m(no, f) m(b, f) m(ae, f) m(e, f) m(ne, f) m(be, f) m(a, f) m(s, f) m(ns, f) m(p, f) \
      m(np, f) m(l, f) m(ge, f) m(le, f) m(g, f)
ALL(ONE, short)
ALL(ONE, near)
#define NAME(cc, form) {#cc, form##_##cc},
static const struct {
  const char* name;
  int (*taken)(unsigned long);
} kShort[] = {ALL(NAME, short)}, kNear[] = {ALL(NAME, near)};

int main(void) {
  for (int condition = 0; condition < 16; ++condition) {
    unsigned pattern = 0;
    for (unsigned bits = 0; bits < 32; ++bits) {
      unsigned long flags = 0x202 | (bits & 1) | (bits & 2 ? 4 : 0) | (bits & 4 ? 0x40 : 0) |
                            (bits & 8 ? 0x80 : 0) | (bits & 16 ? 0x800 : 0);
      int taken = kShort[condition].taken(flags);
      EXPECT(taken == kNear[condition].taken(flags));
      pattern |= (unsigned)taken << bits;
    }
    printf("j%s %08x\n", kShort[condition].name, pattern);
  }
  return app_status();
}

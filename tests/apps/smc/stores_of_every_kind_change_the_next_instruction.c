// Whatever stores it, a new operand of the instruction that follows is what that instruction uses.
#include "smc.h"

// rdi: what to store; rsi: the operand of the mov that each of these is followed by.
#define STORE(name, ...) {name, {__VA_ARGS__}, sizeof((unsigned char[]){__VA_ARGS__})}
static const struct {
  const char* name;
  unsigned char code[24];
  size_t size;
} stores[] = {
    STORE("mov", 0x89, 0x3e),
    STORE("xchg", 0x87, 0x3e),
    STORE("add", 0x01, 0x3e),
    STORE("xadd", 0x0f, 0xc1, 0x3e),
    STORE("movnti", 0x0f, 0xc3, 0x3e),
    STORE("cmpxchg", 0x8b, 0x06, 0xf0, 0x0f, 0xb1, 0x3e),
    STORE("movd", 0x66, 0x0f, 0x6e, 0xc7, 0x66, 0x0f, 0x7e, 0x06),
    STORE("fistp", 0x89, 0x7c, 0x24, 0xf8, 0xdb, 0x44, 0x24, 0xf8, 0xdb, 0x1e),
    STORE("stosd", 0x89, 0xf8, 0x48, 0x89, 0xf7, 0xab),
    STORE("rep stosd", 0x89, 0xf8, 0x48, 0x89, 0xf7, 0xb9, 1, 0, 0, 0, 0xf3, 0xab),
    // Through the stack pointer, with the ret behind the operand.
    STORE("push", 0x48, 0x89, 0xe0, 0x48, 0x8d, 0x66, 0x08, 0x57, 0x48, 0x89, 0xc4),
};

static long run(unsigned char* area, int rounds) {
  static const unsigned char tail[] = {0xb8, 0, 0, 0, 0, 0xc3, 0, 0, 0};
  long sum = 0;
  for (size_t i = 0; i < sizeof stores / sizeof stores[0]; ++i) {
    unsigned char* code = area + 64 * i;
    memcpy(code, stores[i].code, stores[i].size);
    memcpy(code + stores[i].size, tail, sizeof tail);
    unsigned char* operand = code + stores[i].size + 1;
    for (long n = 1; n <= rounds; ++n) {
      memset(operand, 0, 4);
      const long got = ((int (*)(long, void*))code)(n * 0x111 | 0xc3l << 32, operand);
      if (got != n * 0x111) printf("%s: %lx instead of %lx\n", stores[i].name, got, n * 0x111);
      sum += got;
    }
  }
  return sum;
}

int main(void) {
  printf("%ld\n", run(map_rwx(1), 40));
  return app_status();
}

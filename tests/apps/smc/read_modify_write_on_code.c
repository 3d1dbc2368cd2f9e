// Read-modify-write instructions on the bytes of code: what they leave in registers and flags is right, too.
#include "smc.h"

static long body(int number, void* shared) {
  unsigned char* code = map_rwx(1) + 512;
  write_function(code, 0);

  volatile int* immediate = (int*)(code + 1);
  for (int i = 1; i < 400; ++i) {
    *immediate = i * 1234567;
    call(code);
    int before = *immediate;
    int expected = 0;
    call(code);
    unsigned char carry, d;
    __asm__ volatile("addl %2, %0; setc %1"
                     : "+m"(*immediate), "=r"(carry)
                     : "r"(0x70000001)
                     : "cc");
    EXPECT(*immediate == (int)((unsigned)before + 0x70000001u));
    EXPECT(carry == ((unsigned)*immediate < 0x70000001u));
    call(code);
    before = *immediate;
    __asm__ volatile("lock incl %0" : "+m"(*immediate)::"cc");
    EXPECT(*immediate == before + 1);
    call(code);
    before = *immediate;
    __asm__ volatile("notl %0" : "+m"(*immediate));
    EXPECT(*immediate == ~before);
    call(code);
    before = *immediate;
    int old = i;
    __asm__ volatile("xchgl %0, %1" : "+m"(*immediate), "+r"(old));
    EXPECT(*immediate == i && old == before);
    call(code);
    before = *immediate;
    expected = i;
    int fresh = i * 3;
    __asm__ volatile("lock cmpxchgl %3, %0; sete %1"
                     : "+m"(*immediate), "=q"(d), "+a"(expected)
                     : "r"(fresh)
                     : "cc");
    EXPECT(*immediate == i * 3 && d == 1 && expected == i);
    call(code);
    before = *immediate;
    __asm__ volatile("lock cmpxchgl %3, %0; sete %1"
                     : "+m"(*immediate), "=q"(d), "+a"(expected)
                     : "r"(fresh + 1)
                     : "cc");
    EXPECT(*immediate == i * 3 && d == 0 && expected == i * 3);
    call(code);
    before = *immediate;
    int add = 5;
    __asm__ volatile("lock xaddl %1, %0" : "+m"(*immediate), "+r"(add)::"cc");
    EXPECT(*immediate == before + 5 && add == before);
    call(code);
    before = *immediate;
    __asm__ volatile("btsl $30, %0" : "+m"(*immediate)::"cc");
    EXPECT(*immediate == (before | 1 << 30));
    call(code);
    before = *immediate;
    __asm__ volatile("shll $1, %0" : "+m"(*immediate)::"cc");
    EXPECT(*immediate == before << 1);
    call(code);
  }
  return *immediate;
}
int main(void) {
  alone_and_together("updates", body, 0);
  return app_status();
}

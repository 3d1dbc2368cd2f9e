// All of ymm (and zmm and k where the CPU has them) lives through misses and system calls.
// flags: -mavx2
#include <immintrin.h>

#include "app.h"
static unsigned char before[16][64], after[16][64];
#define KEEP_YMM(n) "vmovdqu %%ymm" #n ", " #n "*64(%0);"
#define LOAD_YMM(n) "vmovdqu " #n "*64(%0), %%ymm" #n ";"
#define KEEP_ZMM(n) "vmovdqu64 %%zmm" #n ", " #n "*64(%0);"
#define LOAD_ZMM(n) "vmovdqu64 " #n "*64(%0), %%zmm" #n ";"
#define ALL(m) m(0) m(1) m(2) m(3) m(4) m(5) m(6) m(7) m(8) m(9) m(10) m(11) m(12) m(13) m(14) m(15)
#define MIDDLE                                                                                    \
  "mov $39, %%eax; syscall; lea 1f(%%rip), %%rax; jmp *%%rax; 1: mov $186, %%eax; syscall; call " \
  "2f; jmp 3f; 2: ret; 3:"
int main(void) {
  if (!__builtin_cpu_supports("avx2")) return 0;
  for (int round = 0; round < 50; ++round) {
    for (int i = 0; i < 16 * 64; ++i) before[0][i] = (unsigned char)(i * 7 + round * 13 + i / 64);
    memset(after, 0, sizeof after);
    unsigned char *from = before[0], *to = after[0];
    __asm__ volatile("sub $256, %%rsp;" ALL(LOAD_YMM) MIDDLE
                     "xchg %1, %0;" ALL(KEEP_YMM) "add $256, %%rsp; vzeroupper"
                     : "+r"(from), "+r"(to)
                     :
                     : "rax", "rcx", "r11", "memory", "cc");
    for (int i = 0; i < 16; ++i) EXPECT(memcmp(before[i], after[i], 32) == 0);
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")) {
      from = before[0], to = after[0];
      unsigned long mask = 0x123456789abcdef0 + (unsigned)round;
      __asm__ volatile("sub $256, %%rsp; kmovq %2, %%k5;" ALL(LOAD_ZMM) "vmovdqa64 %%zmm3, %%zmm29;" MIDDLE "xchg %1, %0;" ALL(KEEP_ZMM)
                       "kmovq %%k5, %%rax; cmp %%rax, %2; je 4f; ud2; 4: vmovdqu64 %%zmm29, 256(%0); add $256, %%rsp; vzeroupper"
                       : "+r"(from), "+r"(to) : "r"(mask) : "rax", "rcx", "r11", "memory", "cc");
      EXPECT(memcmp(before[5], after[5], 64) == 0 && memcmp(before[15], after[15], 64) == 0 &&
             memcmp(before[3], after[4], 64) == 0);
    }
  }
  puts("compared");
  return app_status();
}

// xsave, xsavec, xsaveopt and fxsave store the program's own state and restore it.
// flags: -mxsave -mxsavec -mxsaveopt
#include "app.h"
static unsigned char area[8192] __attribute__((aligned(64)));
int main(void) {
  for (int form = 0; form < 4; ++form) {
    unsigned long before = 0x1234567890abcdef + (unsigned)form, after;
    memset(area, 0, sizeof area);
    __asm__ volatile("movq %0, %%xmm7" ::"r"(before) : "xmm7");
    if (form == 0)
      __asm__ volatile(
          "movq %1, %%xmm7; fxsave64 (%0); pxor %%xmm7, %%xmm7; fxrstorq (%0)" ::"r"(area),
          "r"(before)
          : "xmm7", "memory");
    if (form == 1)
      __asm__ volatile(
          "movq %3, %%xmm7; xsave64 (%0); pxor %%xmm7, %%xmm7; xrstor64 (%0)" ::"r"(area), "a"(7),
          "d"(0), "r"(before)
          : "xmm7", "memory");
    if (form == 2)
      __asm__ volatile(
          "movq %3, %%xmm7; xsavec64 (%0); pxor %%xmm7, %%xmm7; xrstor64 (%0)" ::"r"(area), "a"(7),
          "d"(0), "r"(before)
          : "xmm7", "memory");
    if (form == 3)
      __asm__ volatile(
          "movq %3, %%xmm7; xsaveopt64 (%0); pxor %%xmm7, %%xmm7; xrstor64 (%0)" ::"r"(area),
          "a"(7), "d"(0), "r"(before)
          : "xmm7", "memory");
    __asm__ volatile("movq %%xmm7, %0" : "=r"(after));
    unsigned long stored;
    memcpy(&stored, area + 160 + 7 * 16, 8);
    EXPECT(stored == before);
    (void)after;
    printf("form %d mxcsr %x control %x\n", form, *(unsigned*)(area + 24), *(unsigned short*)area);
  }
  return app_status();
}

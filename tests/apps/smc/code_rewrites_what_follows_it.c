// Instructions that store into the very next instructions of their own block, many times over.
#include "smc.h"

// mov [rip+1], dil; mov eax, imm32; ret: writes the low byte of the next instruction's immediate.
static const unsigned char byte_ahead[] = {0x40, 0x88, 0x3d, 1, 0, 0, 0, 0xb8, 0, 0, 0, 0, 0xc3};
// mov [rip+1], edi; mov eax, imm32; add eax, imm8; ret
static const unsigned char word_ahead[] = {0x89, 0x3d, 1, 0,    0,    0, 0xb8, 0,
                                           0,    0,    0, 0x83, 0xc0, 7, 0xc3};
// lea rcx, [rip+0]; mov byte [rcx+5], dil; nop; mov eax, imm32...: a register operand
static const unsigned char through_register[] = {0x48, 0x8d, 0x0d, 0,    0, 0, 0, 0x40, 0x88,
                                                 0x79, 6,    0x90, 0xb8, 0, 0, 0, 0,    0xc3};
// lea rdx, [rip+X]; push-free loop of three that turns `inc eax` into `dec eax` and back:
//   mov byte [rip+1], 0xc8 ; ff c0 (inc eax) -> ff c8 (dec eax) ; mov byte [rip-8...], ...
static const unsigned char flips[] = {
    0x31, 0xc0,                                // xor eax, eax
    0xc6, 0x05, 1,    0,    0,    0,    0xc8,  // mov byte [rip+1], c8
    0xff, 0xc0,                                // inc eax (now: dec)
    0xc6, 0x05, 0xf8, 0xff, 0xff, 0xff, 0xc0,  // back to inc
    0xff, 0xc0,                                // inc eax
    0xff, 0xc0,                                // inc eax
    0xc3};

static long run(unsigned char* area, int n) {
  memcpy(area, byte_ahead, sizeof byte_ahead);
  memcpy(area + 32, word_ahead, sizeof word_ahead);
  memcpy(area + 64, through_register, sizeof through_register);
  memcpy(area + 96, flips, sizeof flips);
  long sum = 0;
  for (int i = 0; i < n; ++i) {
    int a = ((int (*)(int))area)(i & 127);
    int b = ((int (*)(int))(area + 32))(i * 3);
    int c = ((int (*)(int))(area + 64))(i & 63);
    int d = ((int (*)(int))(area + 96))(0);
    EXPECT(a == (i & 127) && b == i * 3 + 7 && c == (i & 63) && d == 1);
    sum += a + 3l * b + 5l * c + 7l * d;
  }
  return sum;
}

static long body(int number, void* shared) {
  unsigned char* own = map_rwx(1);
  long sum = run(own, 300);
  // Four neighbours on one page.
  return sum + run((unsigned char*)shared + 256 * (number + 1), 300);
}

int main(void) {
  alone_and_together("rewrites", body, map_rwx(1));
  return app_status();
}

// Code that is written, run, written over and run again: in place, from another page, and by its own instructions.
#include "app.h"
int main(void) {
  unsigned char* code = code_area("\xb8\x01\x00\x00\x00\xc3", 6);
  int (*run)(void) = (int (*)(void))code;
  long sum = 0;
  for (int i = 0; i < 500; ++i) {
    code[1] = (unsigned char)i;
    sum += run();
  }
  printf("%ld\n", sum);
  // Data next to code, written often.
  volatile unsigned* beside = (volatile unsigned*)(code + 2048);
  for (unsigned i = 0; i < 5000; ++i) *beside += i, sum += run();
  printf("%u %ld\n", *beside, sum);
  // mov byte [rip+1], dil writes the immediate of the next instruction: mov eax, imm32.
  static const unsigned char self[] = {0x40, 0x88, 0x3d, 1, 0, 0, 0, 0xb8, 0, 0, 0, 0, 0xc3};
  unsigned char* other = code_area(self, sizeof self);
  int (*writes_itself)(int) = (int (*)(int))other;
  for (int i = 0; i < 100; ++i) sum = sum * 3 + writes_itself(i * 5 & 127);
  printf("%lx\n", sum);
  // A page that is unmapped and mapped again with other code at the same place.
  for (int i = 0; i < 50; ++i) {
    munmap(other, 4096);
    other = mmap(other, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    memcpy(other, "\xb8\x00\x00\x00\x00\xc3", 6);
    other[1] = (unsigned char)(i * 3);
    sum += ((int (*)(void))other)();
  }
  printf("%lx\n", sum);
  // W^X as a JIT does it.
  for (int i = 0; i < 50; ++i) {
    mprotect(code, 4096, PROT_READ | PROT_WRITE);
    code[1] = (unsigned char)(200 - i);
    mprotect(code, 4096, PROT_READ | PROT_EXEC);
    sum += run();
  }
  printf("%lx\n", sum);
  return app_status();
}

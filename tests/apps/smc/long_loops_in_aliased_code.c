// Long loops in code that always checks its bytes, because a second mapping may write it: backward
// jumps, calls and returns, and indirect jumps. Registers and flags are as without the checks.
#define _GNU_SOURCE
#include <sys/mman.h>

#include "smc.h"

enum { kRuns = 300000 };

// mov eax, 0; mov ecx, kRuns; stc; again: adc eax, 1; dec ecx; jnz again; ret
static const unsigned char kBackward[] = {0xb8, 0,    0,    0, 0,    0xb9, 0xe0, 0x93, 0x04, 0,
                                          0xf9, 0x83, 0xd0, 1, 0xff, 0xc9, 0x75, 0xf9, 0xc3};
// mov eax, 0; mov ecx, kRuns; again: call next; jmp far; next: add eax, 3; ret; far: dec ecx;
// jnz again; ret
static const unsigned char kCalls[] = {0xb8, 0,    0,    0,    0, 0xb9, 0xe0, 0x93, 0x04, 0,
                                       0xe8, 2,    0,    0,    0, 0xeb, 4,    0x83, 0xc0, 3,
                                       0xc3, 0xff, 0xc9, 0x75, 0xf1, 0xc3};
// mov eax, 0; mov ecx, kRuns; lea rdx, [rip+0]; again: add eax, 2; dec ecx; jz end; jmp rdx;
// end: ret
static const unsigned char kIndirect[] = {0xb8, 0,    0,    0, 0, 0xb9, 0xe0, 0x93, 0x04, 0,
                                          0x48, 0x8d, 0x15, 0, 0, 0,    0,    0x83, 0xc0, 2,
                                          0xff, 0xc9, 0x74, 2, 0xff, 0xe2, 0xc3};

static void run(const char* what, unsigned char* writable, unsigned char* code,
                const unsigned char* bytes, size_t size, int expected) {
  memcpy(writable, bytes, size);
  const int got = call(code);
  EXPECT(got == expected);
  printf("%s: %d\n", what, got);
}

int main(void) {
  const int fd = memfd_create("code", 0);
  REQUIRE(fd >= 0 && ftruncate(fd, 4096) == 0);
  unsigned char* writable =
      (unsigned char*)mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  unsigned char* code = (unsigned char*)mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
  REQUIRE(writable != MAP_FAILED && code != MAP_FAILED);
  run("backward", writable, code, kBackward, sizeof kBackward, kRuns + 1);
  run("calls", writable, code, kCalls, sizeof kCalls, 3 * kRuns);
  run("indirect", writable, code, kIndirect, sizeof kIndirect, 2 * kRuns);
  return app_status();
}

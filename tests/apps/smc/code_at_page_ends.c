// Instructions that straddle two pages, of which one, the other or both are written; pages of
// different protection.
#include "smc.h"

static long body(int number, void* shared) {
  (void)shared;
  unsigned char* area = map_rwx(2);
  long sum = 0;
  for (int shift = 1; shift < kFunctionSize; ++shift) {
    unsigned char* code = area + 4096 - shift;
    write_function(code, 0);
    for (int i = 0; i < 60 + number; ++i) {
      code[1 + i % 4] = (unsigned char)(i + shift);  // on one page or the other
      int expected;
      memcpy(&expected, code + 1, 4);
      EXPECT(call(code) == expected);
      int value = i * 99991 + shift;  // across both
      memcpy(code + 1, &value, 4);
      EXPECT(call(code) == value);
      sum = sum * 31 + expected + value;
    }
  }
  // The second page read-only: its half of the instruction stays, the first half changes.
  unsigned char* code = area + 4096 - 3;
  write_function(code, 0x11223344);
  EXPECT(call(code) == 0x11223344);
  REQUIRE(mprotect(area + 4096, 4096, PROT_READ | PROT_EXEC) == 0);
  for (int i = 0; i < 60; ++i) {
    code[1] = (unsigned char)i;
    EXPECT(call(code) == (0x11223300 | i));
  }
  // The first page read-only, the second writable.
  REQUIRE(mprotect(area, 4096, PROT_READ | PROT_EXEC) == 0);
  REQUIRE(mprotect(area + 4096, 4096, PROT_READ | PROT_WRITE | PROT_EXEC) == 0);
  for (int i = 0; i < 60; ++i) {
    area[4096 + 1] = (unsigned char)i;
    int expected;
    memcpy(&expected, code + 1, 4);
    EXPECT(call(code) == expected);
    sum += expected;
  }
  return sum;
}

int main(void) {
  alone_and_together("page ends", body, NULL);
  return app_status();
}

// Memory that a program may write and execute, but has not asked to read, has code that it writes
// anew: the processor lets such memory be read.
#include "smc.h"

static void write_and_call(unsigned char* code, const char* how) {
  int sum = 0;
  for (int round = 0; round < 40; ++round) {
    write_function(code, round);
    sum += call(code);
    EXPECT(code[1] == round);
  }
  printf("%s: %d\n", how, sum);
}

int main(void) {
  unsigned char* mapped = map_pages(1, PROT_WRITE | PROT_EXEC);
  write_and_call(mapped, "mapped");
  unsigned char* changed = map_pages(1, PROT_READ | PROT_WRITE);
  REQUIRE(mprotect(changed, 4096, PROT_WRITE | PROT_EXEC) == 0);
  write_and_call(changed, "changed");
  unsigned char text[kFunctionSize];
  write_function(text, 77);
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  REQUIRE(write(ends[1], text, sizeof text) == sizeof text);
  REQUIRE(read(ends[0], mapped, sizeof text) == sizeof text);
  printf("read: %d\n", call(mapped));
  return app_status();
}

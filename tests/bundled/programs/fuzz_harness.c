// flags: -O1
// A libFuzzer harness with a planted bug, and a main() for by hand.
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size >= 2 && data[0] == 'W' && data[1] == 'E') abort();
  return 0;
}

int main(void) {
  uint8_t bytes[64];
  return LLVMFuzzerTestOneInput(bytes, fread(bytes, 1, sizeof bytes, stdin));
}

// A chain of small functions, each across a page boundary: short blocks, far apart in the program,
// that the cache lays close together.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { kPage = 4096, kFunctions = 256 };

// Each function starts 5 bytes before a boundary, so that its first instruction, of 7 bytes, lies
// across it.
static void write_function(uint8_t* at, int32_t addend, const uint8_t* next) {
  uint8_t* out = at;
  memcpy(out, "\x48\x8d\xbf", 3);  // lea rdi, [rdi + addend]
  memcpy(out + 3, &addend, 4);
  out += 7;
  if (next == NULL) {
    memcpy(out, "\x48\x89\xf8\xc3", 4);  // mov rax, rdi; ret
    return;
  }
  const int32_t distance = (int32_t)(next - (out + 5));
  *out = 0xe9;  // jmp next
  memcpy(out + 1, &distance, 4);
}

int main(int argc, char** argv) {
  const size_t size = (size_t)(kFunctions + 1) * kPage;
  uint8_t* code = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (code == MAP_FAILED) return 1;
  for (int i = 0; i < kFunctions; i++) {
    uint8_t* at = code + (size_t)(i + 1) * kPage - 5;
    write_function(at, i, i + 1 < kFunctions ? at + kPage : NULL);
  }
  if (mprotect(code, size, PROT_READ | PROT_EXEC) != 0) return 1;
  uint64_t (*first)(uint64_t);
  uint8_t* start = code + kPage - 5;
  memcpy(&first, &start, sizeof first);
  const long rounds = (argc > 1 ? atol(argv[1]) : 20) * 20000L;
  uint64_t x = 0;
  for (long i = 0; i < rounds; i++) x = first(x);
  printf("%llu\n", (unsigned long long)x);
  return 0;
}

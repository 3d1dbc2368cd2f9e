// A program of more than 16 MB of code, which makes code itself when it runs already: returns are made in one way first,
// and in the other one behind that.
#include "app.h"

#define FUNCTIONS 12000

// Function n, at many + 8 * n, returns its argument + 3. The rest is never called.
asm(".pushsection .text\n"
    ".balign 8\n"
    "many:\n"
    ".rept 12000\n"
    "lea 3(%rdi), %rax\n"
    "ret\n"
    ".balign 8\n"
    ".endr\n"
    ".skip 17 << 20, 0xCC\n"
    ".popsection\n");
extern char many[];

typedef uint64_t (*Function)(uint64_t);

__attribute__((noipa)) static uint64_t call_many(unsigned first, unsigned count) {
  uint64_t sum = 0;
  for (unsigned i = first; i < first + count; i++) {
    sum += ((Function)(uintptr_t)(many + 8 * (size_t)i))(i);
  }
  return sum;
}

__attribute__((noipa)) static uint64_t descend(unsigned depth) {
  const unsigned share = FUNCTIONS / 50;
  return depth == 50 ? 1 : call_many(depth * share, share) + 7 * descend(depth + 1);
}

int main(void) {
  printf("%llu\n", (unsigned long long)call_many(0, 500));
  uint8_t* code = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  REQUIRE(code != MAP_FAILED);
  const uint8_t made[] = {0x48, 0x8d, 0x47, 0x05, 0xc3};  // lea rax, [rdi + 5]; ret
  memcpy(code, made, sizeof made);
  printf("%llu\n", (unsigned long long)((Function)(uintptr_t)code)(37));
  printf("%llu\n", (unsigned long long)descend(0));
  printf("%llu\n", (unsigned long long)descend(0));
  return 0;
}

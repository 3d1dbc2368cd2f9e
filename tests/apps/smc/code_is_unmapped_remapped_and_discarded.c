// munmap, MAP_FIXED over it, mremap, madvise(DONTNEED), mprotect toggles: what is there is what
// runs.
#include "smc.h"

static long mapped_over(int n) {
  unsigned char* code = map_rwx(1);
  long sum = 0;
  for (int i = 0; i < n; ++i) {
    write_function(code, i);
    sum += call(code);
    REQUIRE(mmap(code, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == code);
    EXPECT(code[0] == 0);
    write_function(code, i * 2);
    sum = sum * 3 + call(code);
  }
  munmap(code, 4096);
  return sum;
}

static long moved(int n) {
  long sum = 0;
  unsigned char* code = map_rwx(2);
  for (int i = 0; i < n; ++i) {
    write_function(code + 100, i);
    write_function(code + 4096 - 3, i + 1);  // straddles
    sum += call(code + 100) + call(code + 4096 - 3);
    unsigned char* place = map_pages(2, PROT_NONE);
    unsigned char* there = mremap(code, 8192, 8192, MREMAP_MAYMOVE | MREMAP_FIXED, place);
    REQUIRE(there == place);
    EXPECT(call(there + 100) == i && call(there + 4096 - 3) == i + 1);
    there[101] = (unsigned char)(i + 9);
    sum = sum * 3 + call(there + 100);
    code = there;
  }
  munmap(code, 8192);
  return sum;
}

static long discarded(int n) {
  unsigned char* code = map_rwx(1);
  long sum = 0;
  for (int i = 0; i < n; ++i) {
    write_function(code, i);
    sum += call(code);
    REQUIRE(madvise(code, 4096, MADV_DONTNEED) == 0);
    EXPECT(code[0] == 0);
    write_function(code, i + 5);
    sum = sum * 3 + call(code);
  }
  munmap(code, 4096);
  return sum;
}

static long toggled(int n, int write_prot) {
  unsigned char* code = map_pages(4, PROT_READ | PROT_WRITE);
  for (int f = 0; f < 64; ++f) write_function(code + f * 256, f);
  long sum = 0;
  for (int i = 0; i < n; ++i) {
    REQUIRE(mprotect(code, 4 * 4096, PROT_READ | PROT_EXEC) == 0);
    for (int f = 0; f < 64; ++f) sum += call(code + f * 256);
    REQUIRE(mprotect(code, 4 * 4096, write_prot) == 0);
    write_function(code + i % 64 * 256, i * 7);
  }
  munmap(code, 4 * 4096);
  return sum;
}

static long body(int number, void* shared) {
  (void)shared;
  int n = 40 + number;
  return mapped_over(n) ^ moved(n) ^ discarded(n) ^ toggled(n, PROT_READ | PROT_WRITE) ^
         toggled(n, PROT_READ | PROT_WRITE | PROT_EXEC);
}

int main(void) {
  alone_and_together("changes", body, NULL);
  return app_status();
}

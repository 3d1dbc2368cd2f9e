// Code mapped at fixed addresses: low, below 4 GB, between, and near the top of user space.
#include "app.h"
int main(void) {
  static const unsigned long kPlaces[] = {0x10000,        0x20000000,     0x7ffe0000,
                                          0xfffff000,     0x100000000,    0x123456789000,
                                          0x7ff000000000, 0x600000000000, 0x20000000000};
  for (unsigned i = 0; i < sizeof kPlaces / sizeof *kPlaces; ++i) {
    // mov eax, imm; call +1 (over int3); int3; add eax, 1; ret -- the call lands on the add, which returns twice.
    static const unsigned char kCode[] = {0xb8, 5, 0,    0,    0,    0xe8, 1,   0,
                                          0,    0, 0xc3, 0x83, 0xc0, 1,    0xc3};
    unsigned char* code = mmap((void*)kPlaces[i], 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
                               MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    if (code == MAP_FAILED) {
      printf("%lx: not mapped, errno %d\n", kPlaces[i], errno);
      continue;
    }
    memcpy(code, kCode, sizeof kCode);
    code[1] = (unsigned char)i;
    int sum = 0;
    for (int k = 0; k < 10; ++k) sum += ((int (*)(void))code)();
    printf("%lx: %d\n", kPlaces[i], sum);
  }
  return app_status();
}

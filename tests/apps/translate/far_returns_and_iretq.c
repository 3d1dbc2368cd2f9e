// retf, retf imm, iretq and an indirect far jump and call within the same code segment.
#include "app.h"
// The m16:32 forms, whose target must lie in the low 4 GB: AMD has no m16:64 ones.
static void far_forms(unsigned short cs) {
  static const unsigned char kBack[] = {0xff, 0xe2, 0xcc, 0xcc,
                                        0xcb};  // jmp rdx | lret (32-bit operands)
  unsigned char* low = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
  memcpy(low, kBack, sizeof kBack);
  struct {
    unsigned offset;
    unsigned short segment;
  } __attribute__((packed)) far_target = {(unsigned)(unsigned long)low, cs};
  unsigned long a, moved;
  __asm__ volatile("lea 1f(%%rip), %%rdx; ljmp *(%1); ud2; 1: mov $4, %%eax"
                   : "=&a"(a)
                   : "r"(&far_target)
                   : "rdx", "memory", "cc");
  printf("far jump %lu\n", a);
  // The far call pushes 32-bit values; the called code drops them and leaves through rdx.
  __asm__ volatile(
      "sub $256, %%rsp; mov %%rsp, %%rbx; lea 1f(%%rip), %%rdx; lcall *(%2); ud2; 1: sub %%rsp, "
      "%%rbx; mov 4(%%rsp), %%eax; and $0xffff, %%eax; add $264, %%rsp"
      : "=&a"(a), "=&b"(moved)
      : "r"(&far_target)
      : "rdx", "memory", "cc");
  printf("far call: cs pushed %d, %ld bytes\n", a == cs, moved);
  munmap(low, 4096);
}

int main(void) {
  for (int i = 0; i < 3; ++i) {
    unsigned long a, moved, flags;
    unsigned short cs;
    __asm__("mov %%cs, %0" : "=r"(cs));
    __asm__ volatile(
        "sub $256, %%rsp; mov %%rsp, %%rbx; mov %%cs, %%eax; push %%rax; lea 1f(%%rip), %%rax; "
        "push %%rax; lretq; ud2; 1: mov $1, %%eax; sub %%rsp, %%rbx; add $256, %%rsp"
        : "=&a"(a), "=&b"(moved)::"memory", "cc");
    printf("retf %lu %ld\n", a, moved);
    __asm__ volatile(
        "sub $256, %%rsp; mov %%rsp, %%rbx; push $0; push $0; mov %%cs, %%eax; push %%rax; lea "
        "1f(%%rip), %%rax; push %%rax; lretq $16; ud2; 1: mov $2, %%eax; sub %%rsp, %%rbx; add "
        "$256, %%rsp"
        : "=&a"(a), "=&b"(moved)::"memory", "cc");
    printf("retf imm %lu %ld\n", a, moved);
    __asm__ volatile(
        "sub $256, %%rsp; mov %%rsp, %%rbx; mov %%ss, %%eax; push %%rax; push %%rbx; push $0x2d7; "
        "mov %%cs, %%eax; push %%rax; lea 1f(%%rip), %%rax; push %%rax; iretq; ud2;"
        "1: pushfq; pop %%rcx; mov $3, %%eax; sub %%rsp, %%rbx; add $256, %%rsp"
        : "=&a"(a), "=&b"(moved), "=&c"(flags)::"memory", "cc");
    printf("iretq %lu %ld flags %lx\n", a, moved, flags & 0xcd5);
    far_forms(cs);
  }
  return app_status();
}

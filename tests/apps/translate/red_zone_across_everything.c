// The 128 bytes below rsp survive jumps, indirect jumps, misses, rip-relative operands, system calls and cpuid.
#include "app.h"
#define N 2000
static void emit_targets(unsigned char* code) {
  // N blocks: `inc ecx; lea rdx, [rdx + 16]; jmp rdx`, 16 bytes apart, the last jumps to r8.
  for (int i = 0; i < N; ++i) {
    static const unsigned char block[] = {0xff, 0xc1, 0x48, 0x8d, 0x52, 0x10, 0xff, 0xe2};
    memcpy(code + 16 * i, block, sizeof block);
  }
  memcpy(code + 16 * N, "\x41\xff\xe0", 3);
}
int main(void) {
  unsigned char* code = mmap(NULL, 16 * (N + 1) + 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
                             MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  REQUIRE(code != MAP_FAILED);
  emit_targets(code);
  for (int i = 0; i < 2; ++i) {
    unsigned long wrong = 0, hops;
    __asm__ volatile(
        "mov $16, %%eax\n"
        "1: mov %%rax, -136(%%rsp,%%rax,8); dec %%rax; jnz 1b\n"  // slots -128 .. -8 hold 1 .. 16
        "lea 2f(%%rip), %%r8; mov %2, %%rdx; xor %%ecx, %%ecx; jmp *%%rdx\n"
        "2: mov %%rcx, %1\n"
        "mov $39, %%eax; syscall\n"  // getpid
        "push %%rbx; pop %%rbx\n"    // overwrites only the slot at -8
        "movq $16, -8(%%rsp)\n"
        "mov %%rbx, %%r9; xor %%eax, %%eax; xor %%ecx, %%ecx; cpuid; mov %%r9, %%rbx; rdtsc\n"
        "cmpl $0, 3f(%%rip); 3: lea 4f(%%rip), %%rax; mov %%rax, %%rax; jmp *%%rax; 4:\n"
        "mov $16, %%eax; xor %0, %0\n"
        "5: cmp %%rax, -136(%%rsp,%%rax,8); je 6f; inc %0; 6: dec %%rax; jnz 5b\n"
        : "=&r"(wrong), "=&r"(hops)
        : "r"(code)
        : "rax", "rcx", "rdx", "r8", "r9", "r10", "r11", "memory", "cc");
    printf("wrong %lu hops %lu\n", wrong, hops);
  }
  return app_status();
}

// rdfsbase, wrfsbase, rdgsbase, wrgsbase, arch_prctl GET/SET of fs and gs, and gs-relative operands of all kinds.
// flags: -mfsgsbase
// skip-status: 77
#include <asm/prctl.h>

#include "app.h"
static unsigned long block[64] = {10, 20, 30, 40};
int main(void) {
  unsigned long fs, gs, v;
  if (!has_fsgsbase()) {
    puts("no FSGSBASE here");
    return 77;
  }
  __asm__ volatile("rdfsbase %0" : "=r"(fs));
  syscall(SYS_arch_prctl, ARCH_GET_FS, &v);
  EXPECT(v == fs);
  __asm__ volatile("rdgsbase %0" : "=r"(gs));
  printf("gs at start %lx\n", gs);
  syscall(SYS_arch_prctl, ARCH_GET_GS, &v);
  printf("gs by arch_prctl %lx\n", v);
  EXPECT(syscall(SYS_arch_prctl, ARCH_SET_GS, block) == 0);
  for (int i = 0; i < 3; ++i) {
    __asm__ volatile("mov %%gs:8, %0" : "=r"(v));
    printf("gs:8 %lu\n", v);
    __asm__ volatile("mov $2, %%ecx; mov %%gs:(,%%rcx,8), %0; add %%gs:8(%%rcx,%%rcx), %0"
                     : "=&r"(v)::"rcx", "cc");
    printf("gs indexed %lu\n", v);
    __asm__ volatile("lock incq %%gs:24; addl $5, %%gs:24; mov %%gs:24, %0"
                     : "=r"(v)::"memory", "cc");
    printf("gs rmw %lu\n", v);
    __asm__ volatile("movdqu %%gs:0, %%xmm1; movq %%xmm1, %0" : "=r"(v)::"xmm1");
    printf("gs sse %lu\n", v);
    __asm__ volatile(
        "push %%gs:16; pop %0; mov $24, %%esi; xor %%eax, %%eax; gs lodsb; mov %%rax, %1"
        : "=r"(v), "=&r"(gs)::"rax", "rsi", "memory");
    printf("gs push %lu lods %lu\n", v, gs);
    __asm__ volatile(
        "mov %%gs:8, %%rsi; mov %%gs:16, %%rcx; lea (%%rsi,%%rcx), %0; pushfq; stc; mov %%gs:0, "
        "%%rcx; adc %%rcx, %0; popfq"
        : "=&r"(v)::"rcx", "rsi", "memory");
    printf("gs rcx %lu\n", v);
  }
  __asm__ volatile("wrgsbase %0" ::"r"(block + 2));
  __asm__ volatile("mov %%gs:0, %0; rdgsbase %1" : "=r"(v), "=r"(gs));
  printf("%lu %d\n", v, gs == (unsigned long)(block + 2));
  syscall(SYS_arch_prctl, ARCH_GET_GS, &v);
  EXPECT(v == gs);
  pid_t child = fork();
  if (child == 0) {
    __asm__ volatile("mov %%gs:0, %0" : "=r"(v));
    _exit((int)v);
  }
  say_status("child reads gs", wait_for(child));
  unsigned long fake[8] = {0};
  fake[3] = 99;
  __asm__ volatile("wrfsbase %2; mov %%fs:24, %0; rdfsbase %%rax; wrfsbase %1"
                   : "=&r"(v)
                   : "r"(fs), "r"(fake)
                   : "rax");
  printf("%lu\n", v);
  EXPECT(syscall(SYS_arch_prctl, ARCH_SET_GS, 0xffff800000000000) == -1 && errno == EPERM);
  return app_status();
}

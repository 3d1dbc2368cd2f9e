// jmp and call through memory: base, disp8, disp32, index and scale, rip-relative, rsp-based, absolute, fs.
#include "app.h"

static unsigned long trail;
__asm__(
    ".text\n.globl hop\nhop: incq trail_count(%rip); ret\n.data\n.globl trail_count\ntrail_count: "
    ".quad 0\n"
    "table: .quad hop, hop, hop, hop, hop, hop, hop, hop, hop, hop\n.text\n");
extern unsigned long trail_count;
extern char hop[];
static __thread void* in_tls;

int main(void) {
  in_tls = hop;
  unsigned long tls_offset;
  unsigned long fs_base;
  __asm__ volatile("mov %%fs:0, %0" : "=r"(fs_base));
  tls_offset = (unsigned long)&in_tls - fs_base;
  for (int i = 0; i < 3; ++i) {
    __asm__ volatile(
        "lea -256(%%rsp), %%rsp\n"
        "lea table(%%rip), %%rbx; mov $2, %%ecx; mov $2, %%r12d; mov $-1, %%r9; lea 64(%%rbx), "
        "%%rbp\n"
        "call *(%%rbx); call *8(%%rbx); call *table(%%rip); call *(%%rbx,%%rcx,8); call "
        "*8(%%rbx,%%r12,4)\n"
        :
        :
        : "rbx", "rcx", "r12", "r9", "cc", "memory", "rbp");
    // The pieces below restore rsp at the end of each statement.
    __asm__ volatile("lea 256(%%rsp), %%rsp" ::: "memory");
    __asm__ volatile(
        "sub $256, %%rsp; lea hop(%%rip), %%rax; push %%rax; call *(%%rsp); push %%rax; call "
        "*8(%%rsp); mov %%rsp, %%r13; call *(%%r13);"
        "mov $1, %%ecx; call *(%%rsp,%%rcx,8); call *-8(%%rsp,%%rcx,8); add $16, %%rsp; add $256, "
        "%%rsp" ::
            : "rax", "rcx", "r13", "memory", "cc");
    __asm__ volatile(
        "sub $256, %%rsp; call *%%fs:(%0); xor %%ecx, %%ecx; call *%%fs:(%0,%%rcx,2); add $256, "
        "%%rsp" ::"r"(tls_offset)
        : "rcx", "memory", "cc");
    __asm__ volatile(
        "sub $256, %%rsp; lea 1f(%%rip), %%rax; push %%rax; jmp *(%%rsp); ud2; 1: lea 2f(%%rip), "
        "%%rax; mov %%rax, -128(%%rsp); jmp *-128(%%rsp); ud2;"
        "2: add $8, %%rsp; lea 3f(%%rip), %%rcx; push %%rcx; mov %%rsp, %%rcx; jmp *(%%rcx); ud2; "
        "3: add $8, %%rsp; add $256, %%rsp" ::
            : "rax", "rcx", "memory", "cc");
    printf("%lu hops\n", trail_count);
  }
  // push and pop of the target around the branch: the address is computed before rsp moves.
  unsigned long ok;
  __asm__ volatile(
      "sub $256, %%rsp; lea 1f(%%rip), %%rax; push $0; push %%rax; pop -256(%%rsp); jmp "
      "*-256(%%rsp); ud2; 1: pop %0; add $256, %%rsp"
      : "=r"(ok)::"rax", "memory", "cc");
  printf("%lu\n", ok);
  return app_status();
}

// A call, an indirect call and a push with rsp at an unmapped page: the fault is at the call, nothing has moved.
#include "fault.h"
static const char* name;
static void report(int number, siginfo_t* info, void* context) {
  greg_t* r = app_registers(context);
  printf("%s: address %+ld rip %+ld rsp %+ld rcx %llx rax %llx error %llx\n", name,
         (long)((char*)info->si_addr - fault_area), (long)(r[REG_RIP] - (long)fault_at),
         (long)(r[REG_RSP] - (long)fault_area), r[REG_RCX],
         r[REG_RAX] == (long)fault_next ? 1LL : 0LL, r[REG_ERR] & ~1LL);
  r[REG_RIP] = (greg_t)fault_next;
}
char* sites[3];
int main(void) {
  static char other[65536];
  stack_t alternate = {.ss_sp = other, .ss_size = sizeof other};
  sigaltstack(&alternate, NULL);
  handle(SIGSEGV, report, SA_ONSTACK);
  fault_area = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  mprotect(fault_area, 4096, PROT_NONE);
  char* bottom = fault_area + 4096;
  static char* const kNames[] = {"call", "call reg", "call mem", "push"};
  for (int i = 0; i < 8; ++i) {
    name = kNames[i & 3];
    __asm__ volatile(
        "mov %%rsp, %%rbx; mov %0, %%rsp; lea fault_next(%%rip), %%rax; mov $0xcc, %%ecx; lea "
        "pointer(%%rip), %%rdx; mov %%rax, (%%rdx);"
        ".globl fault_at, fault_next\nfault_at: cmp $1, %1; je 2f; cmp $2, %1; je 3f; cmp $3, %1; "
        "je 4f; call fault_next; ud2; 2: call *%%rax; ud2; 3: call *(%%rdx); ud2; 4: push %%rcx; "
        "ud2;"
        "fault_next: mov %%rbx, %%rsp\n.pushsection .data\npointer: .quad 0\n.popsection" ::"r"(
            bottom),
        "r"(i & 3)
        : "rax", "rbx", "rcx", "rdx", "memory", "cc");
  }
  return app_status();
}

// rep movs, stos, cmps and scas that run into an unmapped page: registers show how far they got; resuming goes on.
#include "fault.h"
static int fix;
static void report(int number, siginfo_t* info, void* context) {
  greg_t* r = app_registers(context);
  printf("signal %d address +%ld rcx %lld rsi +%lld rdi +%lld", number,
         (long)((char*)info->si_addr - fault_area), r[REG_RCX],
         r[REG_RSI] ? r[REG_RSI] - (long)fault_area : 0, r[REG_RDI] - (long)fault_area);
  printf(" rip %+ld\n", (long)(r[REG_RIP] - (long)fault_at));
  if (fix)
    mprotect(fault_area + 4096, 4096, PROT_READ | PROT_WRITE);
  else
    r[REG_RIP] = (greg_t)fault_next;
}
int main(void) {
  handle(SIGSEGV, report, 0);
  fault_area = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  for (int i = 0; i < 4096; ++i) fault_area[i] = (char)i;
  for (fix = 0; fix < 2; ++fix) {
    mprotect(fault_area + 4096, 4096, PROT_NONE);
    char *s = fault_area + 100, *d = fault_area + 4000;
    unsigned long n = 200;
    __asm__ volatile(".globl fault_at, fault_next\nfault_at: rep movsb\nfault_next:"
                     : "+S"(s), "+D"(d), "+c"(n)::"memory");
    printf("rest %lu\n", n);
  }
  return app_status();
}

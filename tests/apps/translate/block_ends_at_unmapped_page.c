// Code that runs up to the last byte of a mapped page: the fault comes when the program gets there, not before.
#include <setjmp.h>

#include "app.h"
static sigjmp_buf back;
static unsigned char* area;
static void on_fault(int number, siginfo_t* info, void* context) {
  printf("signal %d code %d address +%ld rip +%ld rax %llx\n", number, info->si_code,
         (long)((unsigned char*)info->si_addr - area),
         (long)(app_registers(context)[REG_RIP] - (long)area), app_registers(context)[REG_RAX]);
  siglongjmp(back, 1);
}
static void run(const char* what, const char* bytes, int size, unsigned long rdi) {
  memset(area, 0xcc, 4096);
  memcpy(area + 4096 - size, bytes, size);
  printf("%s: ", what);
  if (sigsetjmp(back, 1) == 0) {
    unsigned long rax = 0;
    __asm__ volatile("sub $256, %%rsp; call *%2; add $256, %%rsp"
                     : "+a"(rax)
                     : "D"(rdi), "r"(area + 4096 - size)
                     : "memory", "cc", "rcx", "rdx");
    printf("returned %lx\n", rax);
  }
}
int main(void) {
  area = mmap(NULL, 8192, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  munmap(area + 4096, 4096);
  handle(SIGSEGV, on_fault, 0);
  run("ret is the last byte", "\xc3", 1, 0);
  munmap(area, 4096);
  for (int i = 0; i < 8; ++i) {
    area = mmap(NULL, 8192, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    munmap(area + 4096, 4096);
    switch (i) {
      case 0:
        run("falls off", "\xff\xc0\xff\xc0", 4, 0);
        break;
      case 1:
        run("half an instruction", "\xff\xc0\x48\xb8", 4, 0);
        break;
      case 2:
        run("branch before the end, taken", "\x85\xff\x74\x03\xff\xc0\xc3\xff\xc0", 9, 0);
        break;
      case 3:
        run("branch before the end, not taken", "\x85\xff\x74\x03\xff\xc0\xc3\xff\xc0", 9, 1);
        break;
      case 4:
        run("jump off", "\xff\xc0\xeb\x10", 4, 0);
        break;
      case 5:
        run("one prefix byte", "\xff\xc0\xf3", 3, 0);
        break;
      case 6:
        run("conditional off, not taken then off", "\x85\xff\x75\x20", 4, 0);
        break;
      case 7:
        run("call off", "\xe8\x10\x00\x00\x00", 5, 0);
        break;
    }
    munmap(area, 4096);
  }
  return app_status();
}

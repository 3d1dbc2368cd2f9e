// SEGV by read, write and execution; BUS; FPE; ILL; TRAP; privileged instructions: siginfo, rip and error code.
#include "fault.h"
static volatile int which;
#define FAULT(what, ...)                                                                \
  {                                                                                     \
    printf("%s: ", what);                                                               \
    __asm__ volatile(                                                                   \
        "lea 1f(%%rip), %%r15; lea 2f(%%rip), %%r14; mov %%r15, at(%%rip); mov %%r14, " \
        "next(%%rip); jmp 1f; 1: " __VA_ARGS__ "; 2: nop" ::"a"(fault_area),            \
        "d"(0L), "c"(0L)                                                                \
        : "r14", "r15", "rbx", "rsi", "rdi", "memory", "cc");                           \
  }
char *at, *next;
static void skip(int number, siginfo_t* info, void* context) {
  greg_t* r = app_registers(context);
  long offset = (char*)info->si_addr - fault_area;
  printf("signal %d code %d", number, info->si_code);
  if (offset >= -65536 && offset < 65536)
    printf(" address area%+ld", offset);
  else if (info->si_addr == (void*)r[REG_RIP])
    printf(" address of the instruction");
  else
    printf(" address %lx", (long)info->si_addr);
  printf(" rip %+ld trap %lld error %llx\n", (long)(r[REG_RIP] - (greg_t)at), r[REG_TRAPNO],
         r[REG_ERR] & ~1LL);
  r[REG_RIP] = (greg_t)next;
}
int main(void) {
  static const int kSignals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP};
  for (int i = 0; i < 5; ++i) handle(kSignals[i], skip, 0);
  fault_area = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  int fd = memfd_create("short", 0);
  char* file = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  for (int i = 0; i < 2; ++i) {
    FAULT("read", "mov 8(%%rax), %%rbx")
    FAULT("write", "movl $5, 16(%%rax)")
    FAULT("read modify write", "lock incl 20(%%rax)")
    FAULT("push from", "pushq 24(%%rax)")
    FAULT("null", "mov (%%rdx), %%bl")
    FAULT("non-canonical", "mov $0x8000000000000000, %%rbx; 1: mov (%%rbx), %%rbx")
    FAULT("sse alignment", "lea 1(%%rsp), %%rbx; 1: movaps (%%rbx), %%xmm1")
    FAULT("divide by zero", "div %%ecx")
    FAULT("divide overflow",
          "mov $0x80000000, %%eax; mov $-1, %%edx; mov $-1, %%ebx; 1: idiv %%ebx")
    FAULT("ud2", "ud2")
    FAULT("ud1", ".byte 0x0f, 0xb9, 0xc0")
    FAULT("push es (invalid in 64-bit mode)", ".byte 0x06")
    FAULT("daa (invalid in 64-bit mode)", ".byte 0x27")
    FAULT("lock on a register", ".byte 0xf0, 0x01, 0xc0")
    FAULT("lock on a load", ".byte 0xf0, 0x8b, 0x00")
    FAULT("lea of a register", ".byte 0x8d, 0xc0")
    FAULT("mov to cs", ".byte 0x8e, 0xc8")
    FAULT("sixteen prefixes and a nop",
          ".byte 0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x90")
    FAULT("int3", "int3")
    FAULT("int 3 in two bytes", ".byte 0xcd, 0x03")
    FAULT("icebp", ".byte 0xf1")
    FAULT("int 0x20", "int $0x20")
    FAULT("hlt", "hlt")
    FAULT("cli", "cli")
    FAULT("in", "in $0x60, %%al")
    FAULT("out", "out %%al, %%dx")
    FAULT("mov from cr3", "mov %%cr3, %%rbx")
    FAULT("rdmsr", "rdmsr")
    FAULT("wbinvd", "wbinvd")
    FAULT("swapgs", "swapgs")
    FAULT("lgdt", "lgdt (%%rsp)")
    FAULT("invlpg", "invlpg (%%rsp)")
    FAULT("sysret", "sysretq")
    fault_area = file;
    FAULT("bus", "mov 100(%%rax), %%rbx")
    fault_area = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  }
  return app_status();
}

// Code that may change at any time (a second mapping writes it) runs with the flag AC set, as Java's virtual
// machine does when it asks for the CPU's features: the code may lie anywhere, and be changed in between.
#include "smc.h"

enum { kSize = 4096, kAc = 0x40000 };

// int probe(void): whether AC stays set, in blocks that begin with it set or clear.
extern const unsigned char probe[], probe_constant[], probe_end[];
__asm__(
    ".pushsection .text\n"
    "probe: pushfq; pushfq; orl $0x40000, (%rsp)\n"
    "popfq; mov $7, %eax; lea (%rax,%rax,4), %ecx; lea 1(%rcx), %edx; nopl 0x12345678(%rax,%rax)\n"
    "pushfq; pop %rcx; lea (%rcx,%rcx), %rcx; jmp 1f; nop; 1: shr $1, %rcx; push %rcx\n"
    "popq %rcx; and $0x40000, %ecx; mov %ecx, %eax\n"
    "probe_constant = . + 1\n"
    "add $0x11111111, %eax\n"
    "popfq; ret\n"
    "probe_end:\n"
    ".popsection\n");

static long body(int number, void* shared) {
  int file = syscall(SYS_memfd_create, "jit", 0);
  REQUIRE(file >= 0 && ftruncate(file, kSize) == 0);
  unsigned char* code = mmap(NULL, kSize, PROT_READ | PROT_EXEC, MAP_SHARED, file, 0);
  unsigned char* view = mmap(NULL, kSize, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  REQUIRE(code != MAP_FAILED && view != MAP_FAILED);
  const size_t size = (size_t)(probe_end - probe);
  long wrong = 0;
  for (int i = 0; i < 64; ++i) {
    unsigned char* at = view + i % 17 * 200 + i % 16;
    memcpy(at, probe, size);
    wrong += call(code + (at - view)) != kAc + 0x11111111;
    memcpy(at + (probe_constant - probe), &i, sizeof i);
    wrong += call(code + (at - view)) != kAc + i;
  }
  munmap(view, kSize), munmap(code, kSize), close(file);
  return wrong;
}

int main(void) {
  alone_and_together("wrong", body, NULL);
  return app_status();
}

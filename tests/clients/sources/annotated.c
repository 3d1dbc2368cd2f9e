// A program with annotations, as the headers for them make it: a call and its function, and a request of Valgrind's.
// Prints what they gave, over so many threads and rounds; natively 0.
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { kMostThreads = 64 };

static long rounds = 1000;

long weft_note(long a, long b, long c, long d, long e, long f, long g);
long weft_note_at_call(long a, long b, long c, long d, long e, long f, long g);
long weft_untold(void);

#define ANNOTATION(scan, name)            \
  "  .byte 0xeb, 0x11\n"                  \
  "  mov _GLOBAL_OFFSET_TABLE_, %rax\n"   \
  "  " scan " " name "_label@GOT, %rax\n"

__asm__(
    ".data\n"
    ".globl weft_note_label, weft_untold_label\n"
    "1: .asciz \"dynamorio-annotation:long:weft_note\"\n"
    "2: .asciz \"dynamorio-annotation:const char *:weft_untold\"\n"
    ".align 8\n"
    "weft_note_label: .quad 1b\n"
    "weft_untold_label: .quad 2b\n"
    ".text\n"
    "weft_note:\n"
    "  push %rbp\n"
    "  mov %rsp, %rbp\n" ANNOTATION("bsr", "weft_note")
    "  jmp 1f\n"
    "  jmp 2f\n"
    "1: xor %eax, %eax\n"
    "2: pop %rbp\n"
    "  ret\n"
    // The seventh argument is handed on.
    "weft_note_at_call:\n"
    "  push 8(%rsp)\n" ANNOTATION("bsf", "weft_note")
    "  jmp 1f\n"
    "  call weft_note\n"
    "  jmp 2f\n"
    "  .skip 200, 0x90\n"
    "1: xor %eax, %eax\n"
    "2: lea 8(%rsp), %rsp\n"
    "  ret\n"
    "weft_untold:\n"
    "  push %rbp\n"
    "  mov %rsp, %rbp\n" ANNOTATION("bsr", "weft_untold")
    "  jmp 1f\n"
    "  jmp 2f\n"
    "1: mov $0, %eax\n"
    "2: pop %rbp\n"
    "  ret\n");

static unsigned long request(unsigned long number, unsigned long argument) {
  volatile unsigned long words[7] = {number, argument, 0, 0, 0, 0, 0};
  unsigned long result = 0;
  __asm__ volatile(
      "rol $3, %%rdi; rol $13, %%rdi; rol $61, %%rdi; rol $51, %%rdi; xchg %%rbx, %%rbx"
      : "=d"(result)
      : "a"(words), "0"(result)
      : "cc", "memory");
  return result;
}

static void* work(void* argument) {
  long sum = 0;
  for (long i = 0; i < rounds; ++i) {
    sum += weft_note(i, 1, 2, 3, 4, 5, 6) + weft_note_at_call(i, 6, 5, 4, 3, 2, 1) + weft_untold();
    sum += (long)request(0x1001, 0) + (long)request(0x1301, (unsigned long)i) + (long)request(0x4D430001, 0);
  }
  *(long*)argument = sum;
  return NULL;
}

int main(int argc, char** argv) {
  const int count = argc > 1 ? atoi(argv[1]) : 1;
  if (argc > 2) rounds = atol(argv[2]);
  pthread_t threads[kMostThreads];
  long sums[kMostThreads];
  long sum = 0;
  for (int i = 0; i < count; ++i) pthread_create(&threads[i], NULL, work, &sums[i]);
  for (int i = 0; i < count; ++i) {
    pthread_join(threads[i], NULL);
    sum += sums[i];
  }
  printf("%ld\n", sum);
  return 0;
}

// Functions whose accesses, misses and branches can be told beforehand: for caches of 64 sets of 8
// lines of 64 bytes.
// flags: -static -O1 -g
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { kLarge = 1 << 20, kSmall = 16 << 10, kLine = 64, kSetBytes = 4096 };
static char large[kLarge] __attribute__((aligned(4096)));
static char small[kSmall] __attribute__((aligned(4096)));
static char copied[2048] __attribute__((aligned(4096)));

// Twice 16384 reads: all miss the first cache, the first half misses the last one, if that has a
// megabyte and more.
__attribute__((noinline)) static void read_large(void) {
  for (int pass = 0; pass < 2; ++pass) {
    for (const char* at = large; at != large + kLarge; at += kLine)
      __asm__ volatile("movb (%0), %%al" : : "r"(at) : "rax");
  }
}

// Ten times 256 writes, of which the first 256 miss.
__attribute__((noinline)) static void write_small(void) {
  for (int pass = 0; pass < 10; ++pass) {
    for (char* at = small; at != small + kSmall; at += kLine)
      __asm__ volatile("movb $1, (%0)" : : "r"(at) : "memory");
  }
}

// A hundred times nine reads of one set of eight lines: the one that comes is always the one that
// has gone.
__attribute__((noinline)) static void conflict(void) {
  for (int pass = 0; pass < 100; ++pass) {
    for (const char* at = large; at != large + 9 * kSetBytes; at += kSetBytes)
      __asm__ volatile("movb (%0), %%al" : : "r"(at) : "rax");
  }
}

// 8 bytes in two lines: one read, one miss. 4 changes of what has been read: reads.
__attribute__((noinline)) static void straddle(const char* at) {
  __asm__ volatile("movq 60(%0), %%rax; incl 64(%0); incl 68(%0); incl 72(%0); incl 60(%0)"
                   :
                   : "r"(at)
                   : "rax", "memory");
}

// 1000 reads and 1000 writes.
__attribute__((noinline)) static void copy(void) {
  const char* from = large + 512 * 1024;
  char* to = copied;
  size_t count = 1000;
  __asm__ volatile("rep movsb" : "+S"(from), "+D"(to), "+c"(count) : : "memory");
}

// 1000 conditional branches, the last of which is predicted wrongly, and a few while the predictor
// learns.
__attribute__((noinline)) static void loop(long turns) {
  __asm__ volatile("1: dec %0; jnz 1b" : "+r"(turns));
}

// 500 indirect jumps, each to another target than the one before.
__attribute__((noinline)) static void jump_about(void) {
  long turns = 250;
  __asm__ volatile(
      "lea 1f(%%rip), %%rcx; lea 2f(%%rip), %%rdx\n"
      "1: dec %0; js 3f; mov %%rdx, %%rax; jmp 4f\n"
      "2: mov %%rcx, %%rax\n"
      "4: jmp *%%rax\n"
      "3:"
      : "+r"(turns)
      :
      : "rax", "rcx", "rdx");
}

// Pushes, pops and what lies around: 7 reads and 5 writes.
__attribute__((noinline)) static void use_stack(void) {
  __asm__ volatile(
      "push %%rax; push %%rcx; sub $16, %%rsp; mov %%rax, 8(%%rsp); mov 16(%%rsp), %%rcx; mov "
      "8(%%rsp), %%rcx\n"
      "add $16, %%rsp; pop %%rcx; mov (%%rsp), %%rcx; mov %%rcx, -8(%%rsp); push (%%rsp); pop "
      "%%rcx; pop %%rax"
      :
      :
      : "rax", "rcx", "memory");
}

static void* run(void* unused) {
  for (int i = 0; i < 100; ++i) loop(1000);
  return unused;
}

int main(int count, char** arguments) {
  (void)arguments;
  if (count > 1) {
    pthread_t threads[8];
    for (int i = 0; i < 8; ++i) pthread_create(&threads[i], NULL, run, NULL);
    for (int i = 0; i < 8; ++i) pthread_join(threads[i], NULL);
    const pid_t child = fork();
    if (child == 0) {
      loop(1000);
      _exit(0);
    }
    waitpid(child, NULL, 0);
    return 0;
  }
  read_large();
  write_small();
  conflict();
  straddle(large + 256 * 1024);
  copy();
  loop(1000);
  jump_about();
  use_stack();
  return 0;
}

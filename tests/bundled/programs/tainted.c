// flags: -O1 -g
// Reads 64 bytes from standard input, and does things to them of which it is known what is tainted then. Each
// result is written by a write of its own; the descriptor says which test it is of.
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static unsigned char in[64];
static unsigned char out[256];
static unsigned char table[256];
static _Alignas(64) unsigned char lines[192];
static volatile int called;

static void put(int test, const void *bytes, size_t size) {
  if (dup2(3, test) < 0 || write(test, bytes, size) != (ssize_t)size) _exit(9);
}

static void first(void) { called += 1; }

static void *in_thread(void *to) {
  uint64_t word;
  asm volatile("mov %1, %0" : "=r"(word) : "m"(in[24]));
  *(uint64_t *)to = word;
  return NULL;
}

static void copies(void) {
  uint64_t a, b;
  // Through registers, the stack, a part of a register, and exchanged.
  asm volatile("movq %2, %0; push %0; xor %0, %0; pop %1; xchg %0, %1" : "=&r"(a), "=&r"(b) : "m"(in[0]));
  *(uint64_t *)out = a;
  put(10, out, 8);
  asm volatile("movzbl %1, %k0" : "=r"(a) : "m"(in[5]));
  memset(out, 0, 8);
  *(uint64_t *)out = a;
  put(11, out, 8);
  asm volatile("movsbq %1, %0" : "=r"(a) : "m"(in[6]));
  *(uint64_t *)out = a;
  put(12, out, 8);
  memcpy(out, in + 3, 48);
  put(13, out, 48);
  const void *from = in + 20;
  void *to = out;
  size_t count = 9;
  asm volatile("rep movsb" : "+S"(from), "+D"(to), "+c"(count)::"memory");
  put(14, out, 9);
  asm volatile("movdqu %0, %%xmm7; movdqa %%xmm7, %%xmm3; movdqu %%xmm3, (%1)" ::"m"(in[16]), "r"(out) : "xmm3", "xmm7", "memory");
  put(15, out, 16);
  // A byte at the start of a cache line, loaded with those before it, in a block of its own.
  asm volatile("movzbl %1, %k0; movb %b0, %2; xor %k0, %k0" : "=&q"(a) : "m"(in[7]), "m"(lines[64]) : "memory");
  put(39, "clean", 5);
  asm volatile("jmp 1f; 1: movq %1, %0; jmp 2f; 2:" : "=r"(a) : "m"(lines[57]));
  *(uint64_t *)out = a;
  put(16, out, 8);
}

// Where the address is not that of a base, an index and a displacement.
static void moved(void) {
  uint64_t a = 9;
  asm volatile("xlat" : "+a"(a) : "b"(in));
  out[0] = (unsigned char)a;
  a = 0;
  put(70, out, 1);
  memcpy(lines + 128, in + 8, 8);
  asm volatile("jmp 1f; 1: xor %%eax, %%eax; xor %%ecx, %%ecx; pxor %%xmm0, %%xmm0; btr %1, (%0)" ::"r"(lines + 192),
               "r"(-511l)
               : "rax", "rcx", "xmm0", "memory");
  put(71, lines + 128, 8);
  if (!__builtin_cpu_supports("avx2")) return;
  static const int indices[4] = {0, 12, 24, 48};
  static const int mask[4] = {-1, 0, -1, -1};
  asm volatile("vmovdqu (%0), %%xmm1; vmovdqu (%1), %%xmm2; vpxor %%xmm0, %%xmm0, %%xmm0;"
               "vpgatherdd %%xmm2, (%2,%%xmm1,1), %%xmm0; vmovdqu %%xmm0, (%3); vpxor %%xmm0, %%xmm0, %%xmm0" ::"r"(indices),
               "r"(mask), "r"(in), "r"(out)
               : "xmm0", "xmm1", "xmm2", "memory");
  put(72, out, 16);
  memset(out, 0, 16);
  asm volatile("vmovdqu (%0), %%xmm1; vmovdqu (%1), %%xmm2; vpmaskmovd %%xmm1, %%xmm2, (%2); vpxor %%xmm1, %%xmm1, %%xmm1" ::"r"(in + 16),
               "r"(mask), "r"(out)
               : "xmm1", "xmm2", "memory");
  put(73, out, 16);
}

static void arithmetic(void) {
  uint64_t a = 0, b = 0;
  // One byte and another one; the sum of the two; and nothing of a constant.
  asm volatile("movzbl %2, %k0; movzbl %3, %k1; add %k1, %k0" : "=&r"(a), "=&r"(b) : "m"(in[30]), "m"(in[33]) : "cc");
  out[0] = (unsigned char)a;
  put(20, out, 1);
  asm volatile("movzbl %1, %k0; lea 5(%0,%0,4), %0" : "=&r"(a) : "m"(in[31]));
  out[0] = (unsigned char)a;
  put(21, out, 1);
  asm volatile("movl %1, %k0; and $0xff00, %k0" : "=&r"(a) : "m"(in[32]) : "cc");
  *(uint32_t *)out = (uint32_t)a;
  put(22, out, 4);
}

static void cleansed(void) {
  uint64_t a;
  asm volatile("movq %1, %0; xor %k0, %k0" : "=&r"(a) : "m"(in[0]) : "cc");
  *(uint64_t *)out = a;
  put(30, out, 8);
  asm volatile("movq %1, %0; mov $77, %k0" : "=&r"(a) : "m"(in[0]));
  *(uint64_t *)out = a;
  put(31, out, 8);
  memcpy(out, in, 32);
  memset(out, 1, 32);
  put(32, out, 32);
  asm volatile("movdqu %0, %%xmm5; pxor %%xmm5, %%xmm5; movdqu %%xmm5, (%1)" ::"m"(in[16]), "r"(out) : "xmm5", "memory");
  put(33, out, 16);
}

static void looked_up(void) {
  uint64_t a;
  asm volatile(".globl looks_up\nlooks_up: movzbl %1, %k0\nlooks_up_here: movzbl (%2,%0), %k0"
               : "=&r"(a) : "m"(in[40]), "r"(table));
  out[0] = (unsigned char)a;
  put(40, out, 1);
}

static void branches(void) {
  uint64_t a;
  asm volatile("movzbl %1, %k0; and $0, %k0; add %2, %0" : "=&r"(a) : "m"(in[41]), "r"(first) : "cc");
  ((void (*)(void))a)();
  asm volatile("movzbl %1, %k0; shl $32, %0; shr $48, %0; add %2, %0\n.globl goes_there\ngoes_there: call *%0"
               : "=&r"(a) : "m"(in[42]), "r"(first) : "cc", "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "memory");
}

int main(int argc, char **argv) {
  (void)argv;
  memset(table, 'x', sizeof table);
  if (dup2(open("/dev/null", O_WRONLY), 3) != 3) return 9;
  if (read(0, in, sizeof in) != sizeof in) return 9;
  copies();
  arithmetic();
  moved();
  cleansed();
  looked_up();
  branches();
  pthread_t thread;
  if (pthread_create(&thread, NULL, in_thread, out) != 0 || pthread_join(thread, NULL) != 0) return 9;
  put(50, out, 8);
  if (argc > 1) {
    pid_t child = fork();
    if (child == 0) {
      put(60, in + 60, 4);
      _exit(0);
    }
    if (waitpid(child, NULL, 0) != child) return 9;
  }
  return called == 2 ? 0 : 1;
}

// One instruction for each kind of memory operand. "run" executes each of them once, and says where
// it is and what its operand's base is; "measure" says which bytes each really touches, by faults at
// page boundaries and by what it changes.
// flags: -O1 -no-pie
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

struct registers {
  uint64_t rax, rbx, rcx, rdx, rsi, rdi;
};

// The instruction, with what sets it up and what tidies up. rdi: the base.
#define CODE(name, before, instruction, after)                                                \
  extern void case_##name(void);                                                              \
  extern char at_##name[];                                                                    \
  asm(".text\ncase_" #name ":\n" before "\nat_" #name ":\n" instruction "\n" after "\nret\n");
#define ON_STACK "mov %rsp, %r9\nmov %rdi, %rsp"
#define OFF_STACK "mov %r9, %rsp"
#define STATE "fld1\npcmpeqd %xmm0, %xmm0"
#define AVX_STATE STATE "\nvpcmpeqd %xmm1, %xmm1, %xmm1\nvinsertf128 $1, %xmm1, %ymm1, %ymm1"
#define TIDY_STATE "vzeroall\nfninit"
#define MASK_1101 "mov $0xD, %eax\nkmovd %eax, %k1"

#define CASES(X)                                                                                   \
  X(bt_back, 1, 8, nothing, "", "bt %rdx, (%rdi)", "", .rdx = -129)                                       \
  X(bts_word, 1, 1, nothing, "", "bts %dx, (%rdi)", "", .rdx = 0x1FFF0)                                   \
  X(btr_far, 1, 1, nothing, "", "btr %edx, 8(%rdi)", "", .rdx = 1000)                                     \
  X(btc_scaled, 1, 1, nothing, "", "lock btc %rdx, -4(%rdi,%rcx,2)", "", .rdx = 64, .rcx = 8)             \
  X(bts_32_bits, 1, 1, nothing, "", ".byte 0x67, 0x48, 0x0f, 0xab, 0x17", "", .rdx = -65)                 \
  X(bts_constant, 1, 1, nothing, "", "btsl $31, (%rdi)", "", .rdx = 0)                                    \
  X(xlat, 1, 1, nothing, "mov %rdi, %rbx", "xlat", "", .rax = 0x7fC8)                                     \
  X(nops, 1, 1, nothing, "", "nopw (%rdi)", "", .rdx = 0)                                                 \
  X(prefetch, 1, 1, nothing, "", "prefetcht0 (%rdi)", "", .rdx = 0)                                       \
  X(lea, 1, 1, nothing, "", "lea (%rdi), %rdx", "", .rdx = 0)                                             \
  X(push_memory, 1, 1, nothing, "", "push (%rdi)", "pop %rdx", .rdx = 0)                                  \
  X(push_on_it, 1, 8, nothing, ON_STACK, "push 8(%rsp)", OFF_STACK, .rdx = 0)                             \
  X(push_word, 1, 8, nothing, ON_STACK, "pushw %dx", OFF_STACK, .rdx = 0)                                 \
  X(pop_memory, 1, 1, nothing, "push %rdx", "pop (%rdi)", "", .rdx = 77)                                  \
  X(pop_on_it, 1, 8, nothing, ON_STACK, "pop 8(%rsp)", OFF_STACK, .rdx = 0)                               \
  X(enter, 1, 8, nothing, "push %rbp\n" ON_STACK, "enter $16, $0", OFF_STACK "\npop %rbp", .rdx = 0)      \
  X(enter_nested, 1, 8, nothing, "push %rbp\nmov %rsi, %rbp\n" ON_STACK, "enter $16, $3",                 \
    OFF_STACK "\npop %rbp", .rdx = 0)                                                              \
  X(leave, 1, 8, nothing, "mov %rsp, %r9\npush %rbp\nmov %rdi, %rbp", "leave",                            \
    "mov %r9, %rsp\nmov -8(%rsp), %rbp", .rdx = 0)                                                 \
  X(call_memory, 1, 8, call_here, "", "call *(%rdi)", "", .rdx = 0)                                 \
  X(rep_movs, 1, 1, nothing, "", "rep movsb", "", .rcx = 37)                                              \
  X(rep_stos_down, 1, 1, nothing, "std", "rep stosq", "cld", .rcx = 5)                                    \
  X(rep_none, 1, 1, nothing, "", "rep stosq", "", .rcx = 0)                                               \
  X(repne_scas, 1, 1, nothing, "", "repne scasw", "", .rax = 0x55AA, .rcx = 9)                            \
  X(stos, 1, 1, nothing, "", "stosl", "", .rax = 7)                                                       \
  X(cmpxchg8b, 1, 1, nothing, "", "cmpxchg8b (%rdi)", "", .rbx = 1)                                       \
  X(cmpxchg16b, 1, 16, nothing, "", "cmpxchg16b (%rdi)", "", .rbx = 1)                                    \
  X(fxsave, 1, 16, nothing, "", "fxsave64 (%rdi)", "", .rdx = 0)                                          \
  X(fnsave, 1, 1, nothing, "", "fnsave (%rdi)", "", .rdx = 0)                                             \
  X(fnstenv, 1, 1, nothing, "", "fnstenv (%rdi)", "fninit", .rdx = 0)                                     \
  X(fldenv, 1, 1, nothing, "", "fldenv (%rdi)", "fninit", .rdx = 0)                                       \
  X(fstp, 1, 1, nothing, "fldz", "fstpt (%rdi)", "", .rdx = 0)                                            \
  X(maskmovq, 1, 1, nothing, "movq %rdx, %mm1\npxor %mm0, %mm0\nfld1\nfstp %st(0)\nmovq %rdx, %mm1",      \
    "maskmovq %mm1, %mm0", "emms", .rdx = 0x80FF007F80800000)                                      \
  X(maskmovdqu, 1, 1, nothing, "movq %rdx, %xmm1\nmovd %esi, %xmm0", "maskmovdqu %xmm1, %xmm0", "",       \
    .rdx = 0x80000000FF80017F)                                                                     \
  X(vmaskmovps, AVX, 1, nothing, "movq %rdx, %xmm1", "vmaskmovps (%rdi), %xmm1, %xmm0", "",               \
    .rdx = 0x8000000000000000)                                                                     \
  X(vmaskmovpd, AVX, 1, nothing, "movq %rdx, %xmm0\nvinsertf128 $1, %xmm0, %ymm0, %ymm0",                 \
    "vmaskmovpd %ymm0, %ymm0, (%rdi)", "", .rdx = 0x8000000000000000)                              \
  X(vpmaskmovd, AVX2, 1, nothing, "movq %rdx, %xmm1", "vpmaskmovd %xmm1, %xmm1, (%rdi)", "",              \
    .rdx = 0x8000000000000000)                                                                     \
  X(vpmaskmov_none, AVX2, 1, nothing, "pxor %xmm1, %xmm1", "vpmaskmovq (%rdi), %xmm1, %xmm0", "",         \
    .rdx = 0)                                                                                      \
  X(broadcast, AVX, 1, nothing, "", "vbroadcastss (%rdi), %ymm0", "vzeroupper", .rdx = 0)                 \
  X(convert, AVX, 1, nothing, "", "vcvtps2pd (%rdi), %ymm0", "vzeroupper", .rdx = 0)                      \
  X(gather_dd, AVX2, 1, nothing, GATHER_PAGES, "vpgatherdd %ymm2, (%rdi,%ymm1,1), %ymm0", "vzeroupper",   \
    .rdx = 0)                                                                                      \
  X(gather_qpd, AVX2, 1, nothing, GATHER_PAGES, "vgatherqpd %xmm2, 8(%rdi,%xmm3,8), %xmm0", "",           \
    .rdx = 0)                                                                                      \
  X(gather_qps, AVX2, 1, nothing, GATHER_PAGES, "vgatherqps %xmm2, (%rdi,%ymm4,4), %xmm0", "vzeroupper",  \
    .rdx = 0)                                                                                      \
  X(xsave_all, XSAVE, 64, nothing, AVX_STATE, "xsave64 (%rdi)", TIDY_STATE, .rax = 7)                     \
  X(xsave_x87, XSAVE, 64, nothing, AVX_STATE, "xsave64 (%rdi)", TIDY_STATE, .rax = 1)                     \
  X(xsave_avx, XSAVE, 64, nothing, AVX_STATE, "xsave64 (%rdi)", TIDY_STATE, .rax = 4)                     \
  X(xsavec, XSAVEC, 64, nothing, AVX_STATE, "xsavec64 (%rdi)", TIDY_STATE, .rax = 7)                      \
  X(xsavec_sse, XSAVEC, 64, nothing, AVX_STATE, "xsavec64 (%rdi)", TIDY_STATE, .rax = 2)                  \
  X(xrstor, XSAVE, 64, saved, "", "xrstor64 (%rdi)", TIDY_STATE, .rax = 7)                         \
  X(xrstor_x87, XSAVE, 64, saved, "", "xrstor64 (%rdi)", TIDY_STATE, .rax = 1)                     \
  X(xrstor_compacted, XSAVEC, 64, saved_compacted, "", "xrstor64 (%rdi)", TIDY_STATE, .rax = 5)    \
  X(masked_load, AVX512, 1, nothing, MASK_1101, "vmovdqu32 (%rdi), %zmm0{%k1}", "vzeroupper", .rdx = 0)   \
  X(masked_store, AVX512, 1, nothing, MASK_1101, "vmovdqu8 %xmm0, (%rdi){%k1}", "", .rdx = 0)             \
  X(compress, AVX512, 1, nothing, MASK_1101, "vpcompressq %zmm0, (%rdi){%k1}", "vzeroupper", .rdx = 0)    \
  X(expand, AVX512, 1, nothing, MASK_1101, "vpexpandd (%rdi), %zmm0{%k1}", "vzeroupper", .rdx = 0)        \
  X(narrowing_store, AVX512, 1, nothing, MASK_1101, "vpmovqb %zmm0, (%rdi){%k1}", "vzeroupper",           \
    .rdx = 0)                                                                                      \
  X(broadcast_masked, AVX512, 1, nothing, MASK_1101, "vpaddd (%rdi){1to16}, %zmm0, %zmm0{%k1}",           \
    "vzeroupper", .rdx = 0)                                                                        \
  X(scalar_masked, AVX512, 1, nothing, "mov $2, %eax\nkmovd %eax, %k1", "vmovss (%rdi), %xmm0{%k1}", "",  \
    .rdx = 0)                                                                                      \
  X(shuffle_masked, AVX512, 1, nothing, MASK_1101, "vshufps $0, (%rdi), %xmm0, %xmm0{%k1}", "",           \
    .rdx = 0)                                                                                      \
  X(scatter, AVX512, 1, nothing, GATHER_PAGES "\n" MASK_1101, "vpscatterdd %ymm0, (%rdi,%ymm1,1){%k1}",   \
    "vzeroupper", .rdx = 0)                                                                        \
  X(gather_masked, AVX512, 1, nothing, GATHER_PAGES "\n" MASK_1101,                                       \
    "vpgatherdq (%rdi,%xmm1,1), %ymm0{%k1}", "vzeroupper", .rdx = 0)                               \
  X(movdir64b, MOVDIR, 64, nothing, "", "movdir64b (%rsi), %rdi", "", .rdx = 0)

// Indices to other pages, in bytes in ymm1, in eights in xmm3, in fours in ymm4; every second sign.
#define GATHER_PAGES                                                                            \
  "vmovdqu indices(%rip), %ymm1\nvmovdqu eighths(%rip), %ymm3\nvmovdqu quarters(%rip), %ymm4\n" \
  "vmovdqu signs(%rip), %ymm2"
asm(".section .rodata\nindices: .long -8192, -4100, 4, 5000, 8200, 12288, 16384, 20480\n"
    "eighths: .quad -1024, 1536, 0, 0\nquarters: .quad -1024, 2048, 3072, -2048\n"
    "signs: .long -1, 0, 0, -1, 0x80000000, 0x7FFFFFFF, -1, 0\n.text");

#define DECLARE(name, cpu, align, prepare, before, instruction, after, ...) \
  CODE(name, before, instruction, after)
CASES(DECLARE)

enum { kPage = 4096, kPages = 32, kMiddle = 16 * kPage };
static char *g_arena, *g_other;
static sigjmp_buf g_back;

static void on_fault(int signal) {
  (void)signal;
  siglongjmp(g_back, 1);
}

// Loads the registers and calls `code`, which may change any of them.
void enter_case(const struct registers* registers, void (*code)(void));
asm(".text\nenter_case:\npush %rbx\npush %rbp\nmov %rsi, %r8\nmov %rdi, %r10\nmov (%r10), %rax\n"
    "mov 8(%r10), %rbx\nmov 16(%r10), %rcx\nmov 24(%r10), %rdx\nmov 32(%r10), %rsi\n"
    "mov 40(%r10), %rdi\ncall *%r8\npop %rbp\npop %rbx\nret");

static void nothing(char* base) { (void)base; }
static void call_here(char* base);
static void saved(char* base);
static void saved_compacted(char* base);

struct one {
  const char* name;
  int runs;
  int align;
  void (*prepare)(char*);
  void (*code)(void);
  const char* at;
  struct registers registers;
};

#define AVX __builtin_cpu_supports("avx")
#define AVX2 __builtin_cpu_supports("avx2")
#define AVX512                                                                       \
  (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&        \
   __builtin_cpu_supports("avx512bw"))
#define XSAVE AVX
#define XSAVEC (AVX && has_xsavec())
#define MOVDIR has_movdir64b()

static unsigned cpuid(unsigned leaf, unsigned sub, int number) {
  unsigned a, b, c, d;
  asm volatile("cpuid" : "=a"(a), "=b"(b), "=c"(c), "=d"(d) : "a"(leaf), "c"(sub));
  return number == 0 ? a : c;
}
static int has_xsavec(void) { return cpuid(13, 1, 0) >> 1 & 1; }
static int has_movdir64b(void) { return cpuid(0, 0, 0) >= 7 && (cpuid(7, 0, 2) >> 28 & 1); }

static void call_here(char* base) {
  extern char landing[];
  *(char**)base = landing;
}
asm("landing: ret");

static void save_all(char* base, int compacted) {
  memset(base, 0, 1024);
  if (compacted) {
    asm volatile("fld1\npcmpeqd %%xmm0, %%xmm0\nvinsertf128 $1, %%xmm0, %%ymm0, %%ymm0\n"
                 "xsavec64 (%0)\nvzeroall\nfninit" ::"r"(base), "a"(7), "d"(0)
                 : "memory", "xmm0");
  } else {
    asm volatile("fld1\npcmpeqd %%xmm0, %%xmm0\nvinsertf128 $1, %%xmm0, %%ymm0, %%ymm0\n"
                 "xsave64 (%0)\nvzeroall\nfninit" ::"r"(base), "a"(7), "d"(0)
                 : "memory", "xmm0");
  }
}
static void saved(char* base) { save_all(base, 0); }
static void saved_compacted(char* base) { save_all(base, 1); }

static void run(const struct one* each, char* base) {
  struct registers registers = each->registers;
  registers.rdi = (uint64_t)base;
  registers.rsi = (uint64_t)g_other;
  enter_case(&registers, each->code);
}

static int faults(const struct one* each, char* base) {
  if (sigsetjmp(g_back, 1) != 0) {
    asm volatile("cld\nfninit");
    return 1;
  }
  run(each, base);
  return 0;
}

static void protect(char* from, size_t bytes, int protection) {
  if (mprotect(from, bytes, protection) != 0) _Exit(3);
}

// Whether the instruction touches a byte at or above (below) `offset` from its base.
static int touches(const struct one* each, long offset, int above) {
  char* boundary = g_arena + kMiddle;
  char* base = boundary - offset;
  protect(g_arena, kPages * kPage, PROT_READ | PROT_WRITE);
  each->prepare(base);
  if (above) {
    protect(boundary, kPages * kPage - kMiddle, PROT_NONE);
  } else {
    protect(g_arena, kMiddle, PROT_NONE);
  }
  const int touched = faults(each, base);
  protect(g_arena, kPages * kPage, PROT_READ | PROT_WRITE);
  return touched;
}

// The first offset, in steps of the alignment, for which touches() is `wanted`, between the two.
static long search(const struct one* each, int above, long low, long high) {
  while (low < high) {
    const long steps = (high - low) / each->align / 2;
    const long middle = low + steps * each->align;
    const int touched = touches(each, middle, above);
    if (touched != above) {
      high = middle;
    } else {
      low = middle + each->align;
    }
  }
  return low;
}

static void measure(const struct one* each) {
  enum { kMost = 12 * kPage };
  const int any = touches(each, -kMost, 1);
  const long behind = any ? search(each, 1, -kMost, kMost) : 0;
  const long first = any ? search(each, 0, -kMost, kMost) - each->align : 0;
  printf("%s %d %ld %ld changes", each->name, each->align, first, behind);
  static char changed[2 * kMost];
  memset(changed, 0, sizeof changed);
  char* const base = g_arena + kMiddle;
  for (int filling = 0; filling < 2; ++filling) {
    memset(g_arena, filling ? 0xFF : 0, kPages * kPage);
    each->prepare(base);
    static char before[kPages * kPage];
    memcpy(before, g_arena, sizeof before);
    if (faults(each, base)) continue;
    for (long i = -kMost; i < kMost; ++i) changed[i + kMost] |= base[i] != before[kMiddle + i];
  }
  for (long i = -kMost; i < kMost; ++i) {
    if (changed[i + kMost]) printf(" %ld", i);
  }
  printf(" pages");
  memset(g_arena, 0, kPages * kPage);
  for (int page = 0; page < kPages; ++page) {
    each->prepare(base);
    protect(g_arena + page * kPage, kPage, PROT_NONE);
    if (faults(each, base)) printf(" %d", page - kMiddle / kPage);
    protect(g_arena, kPages * kPage, PROT_READ | PROT_WRITE);
  }
  printf("\n");
}

int main(int argc, char** argv) {
  setvbuf(stdout, 0, _IOLBF, 0);
  const int measures = argc > 1 && strcmp(argv[1], "measure") == 0;
#define ENTRY(name, cpu, align, prepare, before, instruction, after, ...) \
  {#name, cpu, align, prepare, case_##name, at_##name, {__VA_ARGS__}},
  const struct one cases[] = {CASES(ENTRY)};
  static char stack[1 << 16];
  const stack_t alternate = {.ss_sp = stack, .ss_size = sizeof stack};
  struct sigaction action = {.sa_handler = on_fault, .sa_flags = SA_ONSTACK | SA_NODEFER};
  g_arena = mmap(0, kPages * kPage, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
  g_other = (char*)mmap(0, 2 * kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) +
            kPage;
  if (g_arena == MAP_FAILED || sigaltstack(&alternate, 0) != 0) return 2;
  sigaction(SIGSEGV, &action, 0);
  sigaction(SIGBUS, &action, 0);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
    if (!cases[i].runs) continue;
    if (measures) {
      measure(&cases[i]);
      continue;
    }
    char* const base = g_arena + kMiddle;
    memset(g_arena, 0, kPages * kPage);
    cases[i].prepare(base);
    printf("%s %p %p\n", cases[i].name, (const void*)cases[i].at, (void*)base);
    run(&cases[i], base);
  }
  return 0;
}

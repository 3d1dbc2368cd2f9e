// Jumps and calls through slots of read-only memory, as the linker makes them, follow the slot
// whichever way its contents change: each way once without a change of protection before it.
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>

#include "smc.h"

enum { kPage = 4096, kTargets = 8, kRounds = 400, kSites = 1024 };

// Two pages of their own; the slots are at the start of the second.
__asm__(
    ".section .data.slots, \"aw\"\n"
    ".balign 4096\n"
    ".globl slot_pages\n"
    "slot_pages: .skip 4096\n"
    "slot_of_call: .quad 0\n"
    "slot_of_jump: .quad 0\n"
    ".balign 4096\n"
    ".text\n"
    // What is translated while the slots may be written stays as it is, so there are many.
    ".globl calls, jumps\n"
    ".balign 16\n"
    "calls: .rept 1024; push %rbx; call *slot_of_call(%rip); pop %rbx; ret; .balign 16; .endr\n"
    "jumps: .rept 1024; jmp *slot_of_jump(%rip); .balign 16; .endr\n"
    ".globl target_0\n"
    ".balign 16\n"
    "target_0: mov $0, %eax; ret\n"
    ".balign 16; mov $1, %eax; ret\n"
    ".balign 16; mov $2, %eax; ret\n"
    ".balign 16; mov $3, %eax; ret\n"
    ".balign 16; mov $4, %eax; ret\n"
    ".balign 16; mov $5, %eax; ret\n"
    ".balign 16; mov $6, %eax; ret\n"
    ".balign 16; mov $7, %eax; ret\n");

extern unsigned char slot_pages[], target_0[], calls[], jumps[];

static unsigned char* g_page;  ///< of the slots
static int g_file;             ///< its first page is what the slots' page may show
static int g_value;
static sigjmp_buf g_faulted;

static void on_fault(int number) { siglongjmp(g_faulted, number); }

static void fill(void* page, int value) {
  uint64_t address = (uint64_t)target_0 + 16 * value;
  memcpy(page, &address, 8);
  memcpy((char*)page + 8, &address, 8);
}

static int next_value(void) { return g_value = (g_value + 1) % kTargets; }

/// Where the slots lead from the sites of this number, -1 if they fault, -2 if they do not agree.
static int follow(int site) {
  if (sigsetjmp(g_faulted, 1) != 0) return -1;
  const int first = call(calls + 16 * site);
  // Often enough to be built, linked and run through.
  for (int i = 0; i < 20; ++i) {
    if (call(calls + 16 * site) != first || call(jumps + 16 * site) != first) return -2;
  }
  return first;
}

/// From sites that have followed the slots before what is to be seen now, and from new ones.
static void expect(const char* what, int value) {
  static int site = 0;
  const int before = follow(site);
  const int after = follow(++site);
  const int right = before == value && after == value;
  printf("%s: %s\n", what, right ? "followed" : "WRONG");
  if (!right) printf("  %d and %d instead of %d\n", before, after, value);
}

static void map_slots(int flags, int prot, int fd) {
  REQUIRE(mmap(slot_pages, 2 * kPage, prot, MAP_FIXED | MAP_PRIVATE | flags, fd, 0) == slot_pages);
}

static void write_file(int value) {
  uint64_t page[2];
  fill(page, value);
  REQUIRE(pwrite(g_file, page, sizeof page, kPage) == sizeof page);
}

/// The slots' page shows the file, or what is in the file is a new mapping of it.
static void map_file(void) { map_slots(0, PROT_READ, g_file); }

static void map_anonymous(int value) {
  map_slots(MAP_ANONYMOUS, PROT_READ | PROT_WRITE, -1);
  fill(g_page, value);
  REQUIRE(mprotect(slot_pages, 2 * kPage, PROT_READ) == 0);
}

static void by_protection(void) {
  REQUIRE(mprotect(g_page, kPage, PROT_READ | PROT_WRITE) == 0);
  fill(g_page, next_value());
  expect("written while writable", g_value);
  fill(g_page, next_value());
  expect("written once more", g_value);
  REQUIRE(mprotect(g_page, kPage, PROT_READ) == 0);
  expect("read-only again", g_value);
  REQUIRE(mprotect(g_page, kPage, PROT_NONE) == 0);
  expect("not readable", -1);
  REQUIRE(mprotect(g_page, kPage, PROT_READ) == 0);
  expect("readable", g_value);
}

static void by_mapping(void) {
  write_file(next_value());
  map_file();
  expect("a file mapped over", g_value);
  const int nowhere = open("/dev/zero", O_RDONLY);
  map_slots(0, PROT_READ, nowhere);
  expect("zeros mapped over", -1);
  close(nowhere);
  map_anonymous(next_value());
  expect("anonymous memory mapped over", g_value);
  REQUIRE(munmap(g_page, kPage) == 0);
  expect("unmapped", -1);
  map_anonymous(next_value());
  expect("mapped again", g_value);
}

static void by_file(void) {
  write_file(next_value());
  map_file();
  expect("the file again", g_value);
  write_file(next_value());
  expect("the file written", g_value);
  unsigned char* view =
      (unsigned char*)mmap(NULL, kPage, PROT_READ | PROT_WRITE, MAP_SHARED, g_file, kPage);
  REQUIRE(view != MAP_FAILED);
  fill(view, next_value());
  expect("written through a view", g_value);
  fill(view, next_value());
  expect("written through it again", g_value);
  REQUIRE(munmap(view, kPage) == 0);
  expect("without the view", g_value);
  write_file(next_value());
  expect("the file written once more", g_value);
}

static void by_discarding(void) {
  const int in_file = g_value;
  REQUIRE(mprotect(g_page, kPage, PROT_READ | PROT_WRITE) == 0);
  fill(g_page, next_value());
  REQUIRE(mprotect(g_page, kPage, PROT_READ) == 0);
  expect("a copy of the file's page", g_value);
  REQUIRE(madvise(g_page, kPage, MADV_DONTNEED) == 0);
  expect("discarded", in_file);
}

static void by_moving(void) {
  unsigned char* other = map_pages(2, PROT_READ | PROT_WRITE);
  fill(other + kPage, next_value());
  REQUIRE(mprotect(other, 2 * kPage, PROT_READ) == 0);
  map_anonymous(next_value());
  expect("before it is moved over", g_value);
  g_value = (g_value + kTargets - 1) % kTargets;
  REQUIRE(mremap(other, 2 * kPage, 2 * kPage, MREMAP_MAYMOVE | MREMAP_FIXED, slot_pages) ==
          slot_pages);
  expect("moved over", g_value);
  unsigned char* away =
      (unsigned char*)mmap(NULL, 2 * kPage, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  REQUIRE(mremap(slot_pages, 2 * kPage, 2 * kPage, MREMAP_MAYMOVE | MREMAP_FIXED, away) == away);
  expect("moved away", -1);
  map_anonymous(next_value());
  expect("mapped where it was", g_value);
  REQUIRE(mremap(slot_pages, 2 * kPage, kPage, 0) == slot_pages);
  expect("cut off", -1);
  map_anonymous(next_value());
}

static void by_memory_file(void) {
  expect("before the memory's file is written", g_value);
  const int memory = open("/proc/self/mem", O_RDWR);
  uint64_t slots[2];
  fill(slots, next_value());
  REQUIRE(pwrite(memory, slots, sizeof slots, (off_t)g_page) == sizeof slots);
  expect("the memory's file written", g_value);
  close(memory);
}

static _Atomic long g_current, g_stop;

/// Follows the slots until told to stop; how often they led elsewhere than they may.
static long watch(int number, void* unused) {
  long wrong = 0;
  for (long i = number; !g_stop; i += 7) {
    const long before = g_current;
    const int found = call(jumps + 16 * (i % kSites));
    const long after = g_current;
    // The change to `after + 1` may be on its way.
    if ((found - before % kTargets + kTargets) % kTargets > after + 1 - before) ++wrong;
  }
  return wrong;
}

static void* start(void* argument) { return (void*)watch((int)(long)argument, NULL); }

static void while_threads_follow(void) {
  pthread_t threads[kThreads];
  g_current = 0;
  map_anonymous(0);
  for (long i = 0; i < kThreads; ++i) {
    REQUIRE(pthread_create(&threads[i], NULL, start, (void*)i) == 0);
  }
  unsigned char* fresh = map_pages(2, PROT_READ | PROT_WRITE);
  for (int i = 1; i <= kRounds; ++i) {
    if (i % 8 == 0) {
      REQUIRE(mprotect(g_page, kPage, PROT_READ | PROT_WRITE) == 0);
      fill(g_page, i % kTargets);
      REQUIRE(mprotect(g_page, kPage, PROT_READ) == 0);
    } else {
      fill(fresh + kPage, i % kTargets);
      REQUIRE(mprotect(fresh, 2 * kPage, PROT_READ) == 0);
      REQUIRE(mremap(fresh, 2 * kPage, 2 * kPage, MREMAP_MAYMOVE | MREMAP_FIXED, slot_pages) ==
              slot_pages);
      fresh = map_pages(2, PROT_READ | PROT_WRITE);
    }
    g_current = i;
    if (i % 16 == 0) usleep(500);
  }
  g_stop = 1;
  long wrong = 0;
  for (int i = 0; i < kThreads; ++i) {
    void* result = NULL;
    pthread_join(threads[i], &result);
    wrong += (long)result;
  }
  printf("threads that followed wrongly: %ld\n", wrong);
}

int main(void) {
  signal(SIGSEGV, on_fault);
  g_page = slot_pages + kPage;
  g_file = (int)syscall(SYS_memfd_create, "slots", 0);
  REQUIRE(g_file >= 0 && ftruncate(g_file, 2 * kPage) == 0);
  fill(g_page, next_value());
  expect("writable", g_value);
  REQUIRE(mprotect(g_page, kPage, PROT_READ) == 0);
  expect("read-only", g_value);
  by_protection();
  by_mapping();
  by_file();
  by_discarding();
  by_moving();
  by_memory_file();
  while_threads_follow();
  printf("done\n");
  return 0;
}

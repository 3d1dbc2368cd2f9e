// What the program sees of its protections: faults that are its own, /proc/self/maps, mprotect's
// answers, whatever was executed from a page.
#include <setjmp.h>

#include "smc.h"

static __thread sigjmp_buf place;
static __thread int last_code;
static __thread void* last_address;

static void on_fault(int number, siginfo_t* info, void* context) {
  (void)number, (void)context;
  last_code = info->si_code;
  last_address = info->si_addr;
  siglongjmp(place, 1);
}

static int store_faults(unsigned char* at) {
  if (sigsetjmp(place, 1) != 0) return last_address == at ? last_code : -1;
  *(volatile unsigned char*)at = 0xb8;
  return 0;
}

static int call_faults(unsigned char* at) {
  if (sigsetjmp(place, 1) != 0) return last_address == at ? last_code : -1;
  call(at);
  return 0;
}

static void show(unsigned char* address, char* perms) {
  FILE* maps = fopen("/proc/self/maps", "r");
  char line[512];
  strcpy(perms, "none");
  while (fgets(line, sizeof line, maps)) {
    unsigned long start, end;
    char found[8];
    if (sscanf(line, "%lx-%lx %7s", &start, &end, found) != 3) continue;
    if (start <= (unsigned long)address && (unsigned long)address < end) strcpy(perms, found);
  }
  fclose(maps);
}

static long body(int number, void* shared) {
  (void)shared, (void)number;
  // The last page stays: what is unmapped before it is a hole of one page, into which no other thread
  // maps anything.
  unsigned char* code = map_rwx(4) + 4096;
  char perms[8];
  for (int i = 0; i < 10; ++i) {
    write_function(code, i);
    EXPECT(call(code) == i);
    show(code, perms);
    EXPECT(strcmp(perms, "rwxp") == 0);
    EXPECT(store_faults(code) == 0);

    EXPECT(mprotect(code, 4096, PROT_READ | PROT_EXEC) == 0);
    EXPECT(call(code) == i);
    show(code, perms);
    EXPECT(strcmp(perms, "r-xp") == 0);
    EXPECT(store_faults(code) == SEGV_ACCERR);
    EXPECT(call(code) == i);

    EXPECT(mprotect(code, 4096, PROT_READ | PROT_WRITE) == 0);
    show(code, perms);
    EXPECT(strcmp(perms, "rw-p") == 0);
    EXPECT(call_faults(code) == SEGV_ACCERR);
    EXPECT(store_faults(code) == 0);

    EXPECT(mprotect(code, 4096, PROT_NONE) == 0);
    EXPECT(call_faults(code) == SEGV_ACCERR);
    EXPECT(store_faults(code) == SEGV_ACCERR);
    EXPECT(mprotect(code, 4096, PROT_READ | PROT_WRITE | PROT_EXEC) == 0);
    EXPECT(call(code) == i);
    for (int k = 0; k < 200; ++k) {
      code[100] = (unsigned char)k;
      EXPECT(call(code) == i);
    }
    show(code, perms);
    EXPECT(strcmp(perms, "rwxp") == 0);
    // What a store does not reach faults where it faults natively.
    EXPECT(munmap(code + 4096, 4096) == 0);
    write_function(code + 4090, i);
    EXPECT(call(code + 4090) == i);
    if (sigsetjmp(place, 1) == 0) {
      *(volatile unsigned long*)(code + 4092) = 0x1234567812345678;
      EXPECT(0);
    }
    EXPECT(last_address == code + 4096 && last_code == SEGV_MAPERR);
    EXPECT(call(code + 4090) == i);
    EXPECT(mmap(code + 4096, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == code + 4096);
  }
  return 0;
}

int main(void) {
  handle(SIGSEGV, on_fault, SA_NODEFER);
  alone_and_together("protections", body, NULL);
  return app_status();
}

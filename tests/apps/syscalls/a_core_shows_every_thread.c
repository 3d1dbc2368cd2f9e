// A core dump has each thread's registers as the program's: the one that died, one in a loop, one that waits.
// skip-status: 77
#include <elf.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/procfs.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app.h"

#define MAGIC 0x5eed5eed5eedUL

__asm__(
    ".globl crash_begin, crash_end, spin_begin, spin_end\n"
    "crash_begin: movabs $0x5eed5eed5eed, %rbx\n"
    "  xor %r12d, %r12d\n"
    "  movl $1, (%r12)\n"
    "crash_end: ud2\n"
    "spin_begin: movabs $0x5eed5eed5eed, %rbx\n"
    "1: inc %r13\n"
    "  jmp 1b\n"
    "spin_end: ud2\n");
void crash_begin(void), spin_begin(void);
extern char crash_end[], spin_end[];

static void* spin(void* unused) {
  spin_begin();
  return unused;
}
static void* wait_for_ever(void* unused) {
  pause();
  return unused;
}

static void die(int by_abort) {
  struct rlimit most;
  getrlimit(RLIMIT_CORE, &most);
  most.rlim_cur = most.rlim_max;
  setrlimit(RLIMIT_CORE, &most);
  pthread_t thread;
  pthread_create(&thread, NULL, spin, NULL);
  pthread_create(&thread, NULL, wait_for_ever, NULL);
  usleep(100000);
  if (by_abort) abort();
  crash_begin();
}

static const char* place_of(const struct elf_prstatus* status) {
  const unsigned long* registers = (const unsigned long*)status->pr_reg;
  const unsigned long rip = registers[16], rbx = registers[5], fs = registers[21];
  if (fs == 0) return "without a thread pointer";
  if (rip >= (unsigned long)crash_begin && rip < (unsigned long)crash_end && rbx == MAGIC) return "in crash";
  if (rip >= (unsigned long)spin_begin && rip < (unsigned long)spin_end && rbx == MAGIC) return "in spin";
  const unsigned char* code = (const unsigned char*)rip;
  // The child's libraries lie where the parent's do.
  return code[-2] == 0x0f && code[-1] == 0x05 ? "in a system call" : "elsewhere";
}

static int is_core(const char* name) { return strncmp(name, "core", 4) == 0; }

static void look(int by_abort) {
  int status = 0;
  fflush(stdout);
  const pid_t child = fork();
  if (child == 0) die(by_abort);
  waitpid(child, &status, 0);
  printf("status %#x\n", status);
  char name[64];
  snprintf(name, sizeof name, "core.%d", child);
  FILE* core = fopen(name, "r");
  if (core == NULL) core = fopen("core", "r");
  if (core == NULL) exit(77);  // cores go elsewhere here
  struct stat file;
  fstat(fileno(core), &file);
  printf("small: %d\n", file.st_size < (256L << 20));
  Elf64_Ehdr header;
  Elf64_Phdr program;
  fread(&header, sizeof header, 1, core);
  int shown[4] = {0};
  for (int i = 0; i < header.e_phnum; ++i) {
    fseek(core, header.e_phoff + i * sizeof program, SEEK_SET);
    fread(&program, sizeof program, 1, core);
    if (program.p_type != PT_NOTE) continue;
    char* notes = malloc(program.p_filesz);
    fseek(core, program.p_offset, SEEK_SET);
    fread(notes, 1, program.p_filesz, core);
    for (size_t at = 0; at < program.p_filesz;) {
      const Elf64_Nhdr* note = (const Elf64_Nhdr*)(notes + at);
      const char* data = notes + at + sizeof *note + (note->n_namesz + 3) / 4 * 4;
      if (note->n_type == NT_PRSTATUS) {
        const char* names[] = {"in crash", "in spin", "in a system call"};
        int found = 3;
        for (int n = 0; n < 3; ++n) {
          if (strcmp(place_of((const struct elf_prstatus*)data), names[n]) == 0) found = n;
        }
        ++shown[found];
      }
      at = data - notes + (note->n_descsz + 3) / 4 * 4;
    }
  }
  printf("crash %d, spin %d, system calls %d, elsewhere %d\n", shown[0], shown[1], shown[2], shown[3]);
  fclose(core);
  unlink(name);
  unlink("core");
}

int main(void) {
  look(0);
  look(1);
  return 0;
}

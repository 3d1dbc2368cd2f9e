// What a program can see of how it was started, with addresses made comparable.
#pragma once
#include <elf.h>
#include <link.h>
#include <sys/auxv.h>

#include "app.h"

extern char** environ;
extern char etext, _start[] __attribute__((weak));

static const char* dump_base_name(const char* path) {
  const char* slash = strrchr(path, '/');
  return slash ? slash + 1 : path;
}

/// The lines of /proc/self/maps that hold `address`: permissions and file, without addresses.
static void dump_mapping(const char* what, const void* address) {
  char line[4096], permissions[8], path[4096];
  FILE* maps = fopen("/proc/self/maps", "r");
  while (fgets(line, sizeof line, maps)) {
    unsigned long from, to, offset;
    path[0] = 0;
    sscanf(line, "%lx-%lx %7s %lx %*s %*s %4095s", &from, &to, permissions, &offset, path);
    if ((unsigned long)address >= from && (unsigned long)address < to)
      printf("%s: %s %s\n", what, permissions, dump_base_name(path));
  }
  fclose(maps);
}

static void dump_start(int argc, char** argv) {
  for (int i = 0; i < argc; ++i) printf("argv %s\n", i == 0 ? dump_base_name(argv[i]) : argv[i]);
  EXPECT(argv[argc] == NULL && environ == argv + argc + 1);
  for (char** e = environ; *e; ++e) printf("env %s\n", *e);
  const ElfW(auxv_t)* aux = (const void*)environ;
  while (*(void**)aux) aux = (const void*)((char*)aux + 8);
  aux = (const void*)((char*)aux + 8);
  for (; aux->a_type; ++aux) {
    switch (aux->a_type) {
      case AT_EXECFN:
        printf("aux execfn %s\n", dump_base_name((char*)aux->a_un.a_val));
        break;
      case AT_PLATFORM:
        printf("aux platform %s\n", (char*)aux->a_un.a_val);
        break;
      case AT_PHDR:
      case AT_BASE:
      case AT_ENTRY:
      case AT_RANDOM:
      case AT_SYSINFO_EHDR:
        printf("aux %lu %s\n", aux->a_type, aux->a_un.a_val ? "set" : "0");
        break;
      case 27:
      case 28:
        break;  // of rseq, which a kernel may lack
      default:
        printf("aux %lu %lx\n", aux->a_type, aux->a_un.a_val);
    }
  }
  const ElfW(Phdr)* header = (const void*)getauxval(AT_PHDR);
  for (unsigned i = 0; i < getauxval(AT_PHNUM); ++i)
    printf("phdr %u: type %x flags %x size %lx\n", i, header[i].p_type, header[i].p_flags,
           header[i].p_memsz);
  EXPECT(_start == NULL || (unsigned long)_start == getauxval(AT_ENTRY));
  EXPECT(((unsigned long)getauxval(AT_RANDOM) & 15) == (getauxval(AT_RANDOM) & 15));
  dump_mapping("code", (void*)dump_start);
  dump_mapping("data", &app_failures);
  dump_mapping("stack", &argc);
  dump_mapping("strings", argv[0]);
  dump_mapping("vdso", (void*)getauxval(AT_SYSINFO_EHDR));
  dump_mapping("heap", sbrk(0) - 1);
  if (getauxval(AT_BASE)) dump_mapping("interpreter", (void*)getauxval(AT_BASE));
}

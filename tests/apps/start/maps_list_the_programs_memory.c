// Every mapping of the program is listed in /proc/self/maps, and what it makes and unmakes comes and goes there.
#include "dump.h"
static int listed(const void* address, const char* permissions) {
  char line[4096], shown[8];
  unsigned long from, to;
  int found = 0;
  FILE* maps = fopen("/proc/self/maps", "r");
  while (fgets(line, sizeof line, maps)) {
    sscanf(line, "%lx-%lx %7s", &from, &to, shown);
    if ((unsigned long)address >= from && (unsigned long)address < to)
      found += strcmp(shown, permissions) == 0 ? 1 : 100;
  }
  fclose(maps);
  return found;
}
int main(void) {
  static const int kProtections[] = {PROT_NONE, PROT_READ, PROT_READ | PROT_WRITE,
                                     PROT_READ | PROT_EXEC, PROT_READ | PROT_WRITE | PROT_EXEC};
  static const char* kShown[] = {"---p", "r--p", "rw-p", "r-xp", "rwxp"};
  for (int i = 0; i < 5; ++i) {
    char* area = mmap(NULL, 4096, kProtections[i], MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    printf("%s %d\n", kShown[i], listed(area, kShown[i]));
    munmap(area, 4096);
    printf("gone %d\n", listed(area, kShown[i]));
  }
  unsigned char* code = code_area("\xb8\x05\x00\x00\x00\xc3", 6);
  printf("%d ", ((int (*)(void))code)());
  printf("after running %d\n", listed(code, "rwxp"));
  int in_stack = 0;
  printf("main %d stack %d rodata %d\n", listed((void*)main, "r-xp"), listed(&in_stack, "rw-p"),
         listed("text", "r--p"));
  return app_status();
}

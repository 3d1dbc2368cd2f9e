// exits: 3
// execve of itself with changed argv and environment: empty strings, many arguments, odd bytes; argv[0] may lie.
#include "app.h"
extern char** environ;
int main(int argc, char** argv) {
  if (argc > 1 && strcmp(argv[1], "stage2") == 0) {
    printf("argc %d argv0 %s\n", argc, argv[0]);
    for (int i = 1; i < argc && i < 8; ++i) printf("<%s>\n", argv[i]);
    int n = 0;
    for (char** e = environ; *e; ++e) printf("env %s\n", *e), ++n;
    char name[32] = {0};
    FILE* f = fopen("/proc/self/comm", "r");
    fgets(name, sizeof name, f);
    printf("%d variables, comm %s", n, name);
    return 3;
  }
  static char* many[5003] = {"a lie",       "stage2",   "",           "with space",
                             "quote\"'$\\", "\xff\xfe", "line\nbreak"};
  for (int i = 7; i < 5000; ++i) many[i] = "x";
  char* changed[] = {"ONLY=this", "EMPTY=", "NOEQUALS", NULL};
  execve("/proc/self/exe", many, changed);
  return 1;
}

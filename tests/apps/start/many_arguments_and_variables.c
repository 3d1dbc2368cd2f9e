// A thousand arguments and variables, some very long, some empty.
#include "app.h"
extern char** environ;
int main(int argc, char** argv) {
  if (argc == 1) {
    static char* args[1002] = {0};
    static char* env[1001];
    static char lengthy[60001];
    memset(lengthy, 'L', 60000);
    for (int i = 0; i < 1000; ++i) {
      args[i] = i % 10 == 0 ? lengthy + 60000 - i * 20 : "";
      asprintf(&env[i], "V%d=%d", i, i * i);
    }
    args[0] = argv[0];
    execve("/proc/self/exe", args, env);
    printf("errno %d\n", errno);
    _exit(9);
  }
  long length = 0, sum = 0;
  for (int i = 1; i < argc; ++i) length += (long)strlen(argv[i]);
  for (char** e = environ; *e; ++e) sum += atoi(strchr(*e, '=') + 1);
  printf("%d %ld %ld %s\n", argc, length, sum, getenv("V777"));
  return app_status();
}

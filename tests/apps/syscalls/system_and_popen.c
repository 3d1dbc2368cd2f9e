// system() and popen() with output, input, statuses and failing commands.
#include "app.h"
int main(void) {
  say_status("true", system("true"));
  say_status("exit 5", system("exit 5"));
  say_status("missing", system("no-such-command-anywhere 2>/dev/null"));
  say_status("killed", system("kill -9 $$"));
  printf("%d\n", system(NULL) != 0);
  char line[256];
  FILE* in = popen("echo one; echo two; exit 3", "r");
  while (fgets(line, sizeof line, in)) printf("got %s", line);
  say_status("popen", pclose(in));
  FILE* out = popen("tr a-z A-Z", "w");
  fputs("to upper case\n", out);
  say_status("tr", pclose(out));
  for (int i = 0; i < 5; ++i) {
    in = popen("printf '%s ' a b c | wc -w", "r");
    fgets(line, sizeof line, in);
    printf("%d\n", atoi(line));
    pclose(in);
  }
  return app_status();
}

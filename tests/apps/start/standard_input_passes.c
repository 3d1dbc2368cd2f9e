// stdin: first line
// stdin: second line
// Standard input reaches the program byte by byte.
#include "app.h"
int main(void) {
  char line[100];
  while (fgets(line, sizeof line, stdin)) printf("%zu %s", strlen(line), line);
  fprintf(stderr, "an error line\n");
  return app_status();
}

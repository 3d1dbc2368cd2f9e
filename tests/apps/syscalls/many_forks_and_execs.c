// A storm of 60 short programs, four at a time.
#include "app.h"
int main(void) {
  int failed = 0;
  for (int i = 0; i < 60; ++i) {
    if (fork() == 0) {
      execl("/bin/true", "true", NULL);
      _exit(1);
    }
    if (i % 4 == 3)
      for (int k = 0; k < 4; ++k) {
        int status;
        wait(&status);
        failed += status != 0;
      }
  }
  printf("failed %d\n", failed);
  return app_status();
}

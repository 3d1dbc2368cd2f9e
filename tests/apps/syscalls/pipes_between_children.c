// A pipeline of three programs, and a megabyte through a pipe between two children.
#include "app.h"
int main(void) {
  int a[2], b[2];
  REQUIRE(pipe(a) == 0 && pipe(b) == 0);
  pid_t producer = fork();
  if (producer == 0) {
    dup2(a[1], 1), close(a[0]), close(a[1]), close(b[0]), close(b[1]);
    execlp("seq", "seq", "1", "5000", NULL);
    _exit(127);
  }
  pid_t filter = fork();
  if (filter == 0) {
    dup2(a[0], 0), dup2(b[1], 1), close(a[0]), close(a[1]), close(b[0]), close(b[1]);
    execlp("grep", "grep", "7", NULL);
    _exit(127);
  }
  close(a[0]), close(a[1]), close(b[1]);
  char buffer[4096];
  long bytes = 0, sum = 0;
  for (ssize_t n; (n = read(b[0], buffer, sizeof buffer)) > 0; bytes += n)
    for (ssize_t i = 0; i < n; ++i) sum += buffer[i];
  printf("%ld bytes, sum %ld\n", bytes, sum);
  say_status("seq", wait_for(producer));
  say_status("grep", wait_for(filter));
  pid_t head = fork();
  if (head == 0) execl("/bin/sh", "sh", "-c", "yes | head -n 3; (exit 4) | cat; echo $?", NULL);
  say_status("sh", wait_for(head));
  return app_status();
}

// ETXTBSY for the file of a running program, this one or another's, until it has ended.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define COPY "./copy-of-the-program"

static void show(const char* what, int result) {
  printf("%s: %s, errno %d\n", what, result < 0 ? "fails" : "works", result < 0 ? errno : 0);
  if (result > 2) close(result);
}

static void copy(const char* from) {
  char bytes[65536];
  const int in = open(from, O_RDONLY), out = open(COPY, O_CREAT | O_WRONLY, 0755);
  for (ssize_t n; (n = read(in, bytes, sizeof bytes)) > 0;) write(out, bytes, n);
  close(in);
  close(out);
}

int main(int argc, char** argv) {
  if (argc > 1) {
    char byte;
    return read(0, &byte, 1);  // until the other has looked
  }
  show("this program, to write", open("/proc/self/exe", O_WRONLY));
  show("to read and write", open(argv[0], O_RDWR));
  show("to read", open(argv[0], O_RDONLY));
  show("anew", open(argv[0], O_RDWR | O_CREAT | O_EXCL, 0755));
  show("truncated", truncate(argv[0], 0));
  copy(argv[0]);
  int to_child[2], from_child[2];
  pipe(to_child);
  pipe2(from_child, O_CLOEXEC);
  if (fork() == 0) {
    dup2(to_child[0], 0);
    close(to_child[1]);
    execl(COPY, COPY, "wait", NULL);
    _exit(1);
  }
  char byte;
  close(from_child[1]);
  close(to_child[0]);
  read(from_child[0], &byte, 1);  // closed by its exec
  usleep(300000);
  show("the child's program", creat(COPY, 0755));
  close(to_child[1]);
  wait(NULL);
  show("after its end", open(COPY, O_WRONLY));
  // Who only has it open does not run it, however often.
  int last = 0;
  for (int i = 0; i < 300; ++i) last = open(COPY, O_WRONLY | O_CREAT, 0755);
  show("often", last);
  unlink(COPY);
  return 0;
}

// A program is executed in a root without /proc, libraries or anything else, by whoever is there.
// flags: -static
// skip-status: 77
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void copy(const char* from, const char* to) {
  char bytes[65536];
  const int in = open(from, O_RDONLY), out = open(to, O_CREAT | O_WRONLY | O_TRUNC, 0755);
  for (ssize_t n; (n = read(in, bytes, sizeof bytes)) > 0;) write(out, bytes, n);
  close(in);
  close(out);
  chmod(to, 0755);
}

static void child(int round) {
  if (chdir("root") != 0 || chroot(".") != 0) _exit(77);
  chdir("/inside");
  if (round == 1) {
    setgroups(0, NULL);
    if (setgid(65534) != 0 || setuid(65534) != 0) _exit(77);
  }
  const struct rlimit few = {6, 6};
  if (round == 2) setrlimit(RLIMIT_NOFILE, &few);
  execl("/program", "/program", "first", NULL);
  printf("exec fails: %d\n", errno);
  _exit(1);
}

int main(int argc, char** argv) {
  char directory[4096];
  if (argc > 1) {
    printf("%s in %s\n", argv[1], getcwd(directory, sizeof directory));
    fflush(stdout);
    if (strcmp(argv[1], "second") == 0) return 42;
    execl("../program", "again", "second", NULL);
    return 1;
  }
  mkdir("root", 0755);
  mkdir("root/inside", 0755);
  chmod(".", 0755);
  copy(argv[0], "root/program");
  for (int round = 0; round < 3; ++round) {
    int status = 0;
    if (fork() == 0) child(round);
    wait(&status);
    if (WEXITSTATUS(status) == 77) return 77;
    printf("status %d\n", WEXITSTATUS(status));
    fflush(stdout);
  }
  return 0;
}

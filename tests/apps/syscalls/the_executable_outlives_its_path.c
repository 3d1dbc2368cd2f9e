// The link /proc/self/exe leads to the running program after its file was unlinked and another took its name.
// args: start
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define COPY "./copy-of-the-program"

static void copy(const char* from) {
  char bytes[65536];
  const int in = open(from, O_RDONLY), out = open(COPY, O_CREAT | O_WRONLY, 0755);
  for (ssize_t n; (n = read(in, bytes, sizeof bytes)) > 0;) write(out, bytes, n);
  close(in);
  close(out);
}

static int same_file_behind(const char* link, ino_t inode) {
  struct stat by_path = {0}, by_fd = {0};
  char magic[4] = {0};
  const int fd = open(link, O_RDONLY);
  stat(link, &by_path);
  fstat(fd, &by_fd);
  read(fd, magic, sizeof magic);
  close(fd);
  return by_path.st_ino == inode && by_fd.st_ino == inode && memcmp(magic, "\177ELF", 4) == 0;
}

int main(int argc, char** argv) {
  if (strcmp(argv[1], "again") == 0) return 42;
  if (strcmp(argv[1], "start") == 0) {
    copy(argv[0]);
    execl(COPY, COPY, "running", NULL);
    return 3;
  }
  struct stat before = {0};
  stat("/proc/self/exe", &before);
  unlink(COPY);
  close(open(COPY, O_CREAT | O_WRONLY, 0755));
  char own[64], target[4096] = {0};
  snprintf(own, sizeof own, "/proc/%d/exe", getpid());
  printf("%d %d %d\n", same_file_behind("/proc/self/exe", before.st_ino), same_file_behind(own, before.st_ino),
         same_file_behind("/proc/self/root/proc/self/../self/exe", before.st_ino));
  readlink("/proc/self/exe", target, sizeof target - 1);
  printf("%s\n", strstr(target, " (deleted)") != NULL ? "deleted" : target);
  printf("access %d\n", access("/proc/self/exe", X_OK));
  fflush(stdout);
  int status = 0;
  if (fork() == 0) {
    execl("/proc/self/exe", "program", "again", NULL);
    _exit(1);
  }
  wait(&status);
  printf("exec %d\n", WEXITSTATUS(status));
  unlink(COPY);
  return 0;
}

// Limits that leave weft little room leave programs as they are: memory, descriptors, the size of files.
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static void limited(const char* name, int resource, rlim_t limit, char* program) {
  int status = 0;
  const struct rlimit both = {limit, limit};
  fflush(stdout);
  if (fork() == 0) {
    setrlimit(resource, &both);
    execl(program, program, name, NULL);
    _exit(1);
  }
  wait(&status);
  printf("%s: %#x\n", name, status);
}

int main(int argc, char** argv) {
  if (argc > 1) {
    char line[256];
    FILE* maps = fopen("/proc/self/maps", "r");
    struct rlimit data, all, files;
    getrlimit(RLIMIT_DATA, &data);
    getrlimit(RLIMIT_AS, &all);
    getrlimit(RLIMIT_NOFILE, &files);
    printf("%s: maps %s, data %lx, all %lx, files %lx\n", argv[1], fgets(line, sizeof line, maps) ? "read" : "not read",
           (long)data.rlim_cur, (long)all.rlim_cur, (long)files.rlim_cur < 1000 ? (long)files.rlim_cur : 0);
    return fcntl(5, F_GETFD) == -1 ? 0 : 2;
  }
  limited("data", RLIMIT_DATA, 64 << 20, argv[0]);
  limited("all", RLIMIT_AS, 200 << 20, argv[0]);
  limited("descriptors", RLIMIT_NOFILE, 5, argv[0]);
  limited("file size", RLIMIT_FSIZE, 0, argv[0]);
  return 0;
}

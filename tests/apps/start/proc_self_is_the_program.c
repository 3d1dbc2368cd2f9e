// args: first second
// /proc/self/exe, cmdline, comm, environ, auxv, stat and maps speak of the program, under every name of the folder.
#include "dump.h"
static void show(const char* path, int zeros) {
  static char text[65536];
  int fd = open(path, O_RDONLY);
  REQUIRE(fd >= 0);
  ssize_t n = 0, got;
  while ((got = read(fd, text + n, sizeof text - (size_t)n)) > 0) n += got;
  close(fd);
  for (ssize_t i = 0; i < n; ++i)
    if (!text[i]) text[i] = '|';
  char* slash = text;
  if (zeros)
    for (char* bar = strchr(text, '|'); bar > text && *bar != '/'; --bar) slash = bar;
  printf("%s %zd %.*s\n", zeros == 2 ? "task" : path, n * !zeros, (int)(n - (slash - text)), slash);
}
int main(int argc, char** argv) {
  char path[4096], other[4096];
  static const char* kNames[] = {"/proc/self/exe", "/proc/thread-self/exe"};
  for (int i = 0; i < 2; ++i) {
    ssize_t n = readlink(kNames[i], path, sizeof path - 1);
    REQUIRE(n > 0);
    path[n] = 0;
    puts(dump_base_name(path));
  }
  EXPECT(strcmp(path, argv[0]) == 0);
  snprintf(other, sizeof other, "/proc/%d/exe", getpid());
  EXPECT(readlink(other, path, sizeof path) > 0);
  EXPECT(readlinkat(AT_FDCWD, other, path, 10) == 10);
  EXPECT(realpath("/proc/self/exe", other) && strcmp(other, argv[0]) == 0);
  int fd = open("/proc/self/exe", O_RDONLY), direct = open(argv[0], O_RDONLY);
  char a[64], b[64];
  EXPECT(read(fd, a, 64) == 64 && read(direct, b, 64) == 64 && memcmp(a, b, 64) == 0);
  show("/proc/self/cmdline", 1);
  show("/proc/self/comm", 0);
  snprintf(other, sizeof other, "/proc/%d/cmdline", getpid());
  show(other, 2);
  show("/proc/self/environ", 0);
  FILE* stat = fopen("/proc/self/stat", "r");
  int pid;
  char name[64];
  fscanf(stat, "%d %63s", &pid, name);
  EXPECT(pid == getpid());
  puts(name);
  int foreign = 0, lines = 0;
  char line[4096];
  FILE* maps = fopen("/proc/self/maps", "r");
  while (fgets(line, sizeof line, maps)) {
    ++lines;
    if (strstr(line, "/weft") || strstr(line, "stdc++")) ++foreign;
  }
  printf("foreign %d\n", foreign);
  EXPECT(access("/proc/self/exe", X_OK) == 0);
  return app_status();
}

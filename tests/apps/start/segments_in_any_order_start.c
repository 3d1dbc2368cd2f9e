// flags: -static -no-pie
// An executable whose segments do not come in the order of their addresses: this one, with its headers turned round.
#include <elf.h>
#include <sys/stat.h>

#include "app.h"

int main(int argc, char** argv) {
  if (argc > 1) {
    printf("started with %s\n", argv[1]);
    return 0;
  }
  const int self = open("/proc/self/exe", O_RDONLY);
  struct stat status;
  REQUIRE(self >= 0 && fstat(self, &status) == 0);
  unsigned char* image = malloc(status.st_size);
  REQUIRE(read(self, image, status.st_size) == status.st_size);
  const Elf64_Ehdr* header = (const Elf64_Ehdr*)image;
  Elf64_Phdr* segments = (Elf64_Phdr*)(image + header->e_phoff);
  for (int i = 0, j = header->e_phnum - 1; i < j; ++i, --j) {
    const Elf64_Phdr swapped = segments[i];
    segments[i] = segments[j];
    segments[j] = swapped;
  }
  char name[] = "/tmp/weft-segments-XXXXXX";
  const int copy = mkstemp(name);
  REQUIRE(copy >= 0 && write(copy, image, status.st_size) == status.st_size && fchmod(copy, 0700) == 0);
  close(copy);
  fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    execl(name, name, "its segments turned round", NULL);
    _exit(errno);
  }
  int result = 0;
  waitpid(child, &result, 0);
  unlink(name);
  printf("ended with %x\n", result);
  return 0;
}

// A fork server: each child takes the same way, which the parent never takes. Between forks the parent
// changes the code that children run, and each runs what is there when it is forked.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { kChildren = 12 };

typedef int (*Function)(int);

static int add(int a) { return a + 3; }
static int times(int a) { return a * 5; }
static int mixed(int a) { return a < 0 ? -a : a ^ 0x55; }
static Function const kFunctions[] = {add, times, mixed};

static int compare(const void* a, const void* b) { return *(const int*)a - *(const int*)b; }

// What only children do: calls, indirect ones, library functions, a child of their own.
static int child(Function made, int number) {
  int values[64];
  for (int i = 0; i < 64; i++) values[i] = kFunctions[(i + number) % 3](i * 7919 % 64);
  qsort(values, 64, sizeof values[0], compare);
  char text[64];
  snprintf(text, sizeof text, "%d %s", values[10], strchr("abcdefgh", 'a' + number % 8));
  const pid_t grandchild = fork();
  if (grandchild == 0) _exit(made(values[20]) & 0x3f);
  int status = 0;
  waitpid(grandchild, &status, 0);
  return (WEXITSTATUS(status) + values[30] + (int)strlen(text) + made(number)) & 0x7f;
}

// mov eax, VALUE; ret
static void make_code(unsigned char* code, int value) {
  mprotect(code, 4096, PROT_READ | PROT_WRITE);
  code[0] = 0xb8;
  memcpy(code + 1, &value, sizeof value);
  code[5] = 0xc3;
  mprotect(code, 4096, PROT_READ | PROT_EXEC);
}

int main(void) {
  unsigned char* code = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  for (int i = 0; i < kChildren; i++) {
    if (i % 3 == 0) make_code(code, 1000 * i + 7);
    const pid_t pid = fork();
    if (pid == 0) _exit(child((Function)(void*)code, i));
    int status = 0;
    waitpid(pid, &status, 0);
    printf("%d: %d\n", i, WEXITSTATUS(status));
  }
  // Code that children ran is gone: the next one faults there.
  munmap(code, 4096);
  fflush(stdout);
  const pid_t pid = fork();
  if (pid == 0) _exit(child((Function)(void*)code, 0));
  int status = 0;
  waitpid(pid, &status, 0);
  printf("at the end: %d\n", WIFSIGNALED(status) ? WTERMSIG(status) : 0);
  return 0;
}

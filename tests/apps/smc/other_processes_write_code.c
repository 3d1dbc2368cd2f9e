// Another process writes to pages with code, beside the code and over it: by process_vm_writev, /proc/PID/mem and
// ptrace, while the process waits, runs or is stopped. Nothing is lost, and what was written runs.
#include <sys/ptrace.h>
#include <sys/uio.h>

#include "smc.h"

enum { kRounds = 20, kData = 2048 };

struct shared {
  volatile int stop, ready, result;
};
static struct shared* shared;
static unsigned char* page;  // code at its start, data behind; a second page of data behind it
static int to_child[2], to_parent[2];

static long by_vm(pid_t child, void* to, const void* from, size_t size) {
  struct iovec local = {(void*)from, size}, remote = {to, size};
  return process_vm_writev(child, &local, 1, &remote, 1, 0);
}
static long by_memory(pid_t child, void* to, const void* from, size_t size) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/mem", child);
  const int fd = open(path, O_RDWR);
  REQUIRE(fd >= 0);
  const long wrote = pwrite(fd, from, size, (off_t)to);
  close(fd);
  return wrote;
}
typedef long (*writer)(pid_t child, void* to, const void* from, size_t size);

/// Calls the code each time that it is told to, and says what it returned and the sum of the data.
static void answer(void) {
  char byte;
  while (read(to_child[0], &byte, 1) == 1) {
    int said[2] = {call(page) + call(page + 64), 0};
    for (int i = 0; i < 4096; ++i) said[1] += page[kData + i];
    REQUIRE(write(to_parent[1], said, sizeof said) == sizeof said);
  }
}
static void ask(int* said) {
  REQUIRE(write(to_child[1], "x", 1) == 1);
  REQUIRE(read(to_parent[0], said, 2 * sizeof *said) == 2 * sizeof *said);
}

static pid_t start(void (*body)(void)) {
  fflush(stdout);
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child != 0) return child;
  close(to_child[1]);
  body();
  _exit(7);
}

static void to_one_that_waits(const char* name, writer write_to) {
  REQUIRE(pipe(to_child) == 0 && pipe(to_parent) == 0);
  const pid_t child = start(answer);
  int said[2];
  ask(said);
  EXPECT(said[0] == 3 && said[1] == 0);
  unsigned char data[4096], code[kFunctionSize];
  memset(data, 1, sizeof data);
  for (int i = 0; i < kRounds; ++i) {
    // Beside the code and on into a page without any.
    EXPECT(write_to(child, page + kData, data, sizeof data) == sizeof data);
    ask(said);
    EXPECT(said[0] == (i == 0 ? 3 : 100 + i - 1 + 2) && said[1] == 4096);
    write_function(code, 100 + i);
    EXPECT(write_to(child, page, code, sizeof code) == sizeof code);
    ask(said);
    EXPECT(said[0] == 100 + i + 2);
  }
  printf("%s: %d %d\n", name, said[0], said[1]);
  close(to_child[1]);
  say_status("child", wait_for(child));
  close(to_child[0]), close(to_parent[0]), close(to_parent[1]);
}

/// Never leaves its loop before it is told to.
static void spin(void) {
  shared->ready = 1;
  int sum = 0;
  while (!shared->stop) shared->result = call(page) + call(page + 64);
}
static void to_one_that_runs(const char* name, writer write_to) {
  REQUIRE(pipe(to_child) == 0);
  memset(shared, 0, sizeof *shared);
  const pid_t child = start(spin);
  while (shared->result != 3) sched_yield();
  for (int i = 0; i < kRounds; ++i) {
    unsigned char code[kFunctionSize];
    write_function(code, 100 + i);
    EXPECT(write_to(child, page, code, sizeof code) == sizeof code);
    while (shared->result != 100 + i + 2) sched_yield();
  }
  shared->stop = 1;
  say_status(name, wait_for(child));
  close(to_child[0]), close(to_child[1]);
}

static void stop_each_time(void) {
  REQUIRE(ptrace(PTRACE_TRACEME, 0, 0, 0) == 0);
  for (int i = 0; i < kRounds; ++i) {
    shared->result = call(page) + call(page + 64);
    raise(SIGSTOP);
  }
}
static void to_one_that_is_stopped(void) {
  REQUIRE(pipe(to_child) == 0);
  memset(shared, 0, sizeof *shared);
  const pid_t child = start(stop_each_time);
  long sum = 0;
  int status = 0;
  for (int i = 0; i < kRounds; ++i) {
    // Faults of the runtime's own go back to it.
    while (waitpid(child, &status, 0) == child && WIFSTOPPED(status) && WSTOPSIG(status) != SIGSTOP)
      ptrace(PTRACE_CONT, child, 0, (void*)(long)WSTOPSIG(status));
    EXPECT(WIFSTOPPED(status));
    sum += shared->result;
    // Two instructions, by one word.
    unsigned char code[8];
    memset(code, 0xcc, sizeof code);
    write_function(code, 100 + i);
    long words;
    memcpy(&words, code, sizeof words);
    EXPECT(ptrace(i % 2 ? PTRACE_POKETEXT : PTRACE_POKEDATA, child, page, (void*)words) == 0);
    EXPECT(ptrace(PTRACE_CONT, child, 0, 0) == 0);
  }
  printf("poked: %ld\n", sum);
  say_status("child", wait_for(child));
  close(to_child[0]), close(to_child[1]);
}

static void wrong_ones_fail(void) {
  REQUIRE(pipe(to_child) == 0 && pipe(to_parent) == 0);
  unsigned char* read_only = map_pages(1, PROT_READ);
  unsigned char* gone = map_pages(1, PROT_READ);
  munmap(gone, 4096);
  const pid_t child = start(answer);
  int said[2];
  ask(said);
  char bytes[8192] = {0};
  EXPECT(by_vm(child, read_only, bytes, 16) == -1 && errno == EFAULT);
  EXPECT(by_vm(child, gone, bytes, 16) == -1 && errno == EFAULT);
  EXPECT(by_vm(child, page + kData, (void*)8, 16) == -1 && errno == EFAULT);
  // Up to where nothing can be written: the rest of two pages.
  EXPECT(by_vm(child, page + kData, bytes, 8192) == 8192 - kData);
  struct iovec local[3] = {{bytes, 10}, {bytes, 0}, {bytes, 5000}};
  struct iovec remote[2] = {{page + kData, 3000}, {page + kData, 2010}};
  EXPECT(process_vm_writev(child, local, 3, remote, 2, 0) == 5010);
  EXPECT(process_vm_writev(child, local, 3, remote, 2, 1) == -1 && errno == EINVAL);
  close(to_child[1]);
  say_status("errors", wait_for(child));
  EXPECT(by_vm(child, page, bytes, 16) == -1 && errno == ESRCH);
}

int main(void) {
  shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  page = map_rwx(3);
  munmap(page + 8192, 4096);
  write_function(page, 1);
  write_function(page + 64, 2);
  to_one_that_waits("process_vm_writev", by_vm);
  to_one_that_waits("memory", by_memory);
  to_one_that_runs("process_vm_writev, running", by_vm);
  to_one_that_runs("memory, running", by_memory);
  to_one_that_is_stopped();
  wrong_ones_fail();
  return app_status();
}

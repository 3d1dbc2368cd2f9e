// What the tiny programs share: claims that are checked and printed, and the start of a few common
// moves. Each program is a single file that includes this once; nothing here is signal-safe unless
// it says so.
#pragma once

#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

static int app_failures;

/// Unbuffered output: nothing is lost or doubled by fork, signals or exec.
__attribute__((constructor)) static void app_unbuffered(void) { setvbuf(stdout, NULL, _IONBF, 0); }

/// A claim: a false one is printed and makes app_status() 1.
#define EXPECT(condition)                                    \
  do {                                                       \
    if (!(condition)) {                                      \
      printf("line %d: not so: %s\n", __LINE__, #condition); \
      ++app_failures;                                        \
    }                                                        \
  } while (0)

/// A claim without which going on makes no sense.
#define REQUIRE(condition)                                                       \
  do {                                                                           \
    if (!(condition)) {                                                          \
      printf("line %d: required: %s (errno %d)\n", __LINE__, #condition, errno); \
      _exit(99);                                                                 \
    }                                                                            \
  } while (0)

static inline int app_status(void) { return app_failures != 0; }

/// Prints how a child ended.
static inline void say_status(const char* what, int status) {
  if (WIFEXITED(status)) {
    printf("%s: exit %d\n", what, WEXITSTATUS(status));
  } else if (WIFSIGNALED(status)) {
    printf("%s: signal %d\n", what, WTERMSIG(status));
  } else if (WIFSTOPPED(status)) {
    printf("%s: stopped by %d\n", what, WSTOPSIG(status));
  } else if (WIFCONTINUED(status)) {
    printf("%s: continued\n", what);
  }
}

static inline int wait_for(pid_t child) {
  int status = -1;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

/// Runs `body` in a child and prints how the child ended.
static inline int in_child(const char* what, void (*body)(void)) {
  pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    body();
    _exit(0);
  }
  int status = wait_for(child);
  say_status(what, status);
  return status;
}

static inline void handle(int signal_number, void (*handler)(int, siginfo_t*, void*), int flags) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_sigaction = handler;
  action.sa_flags = SA_SIGINFO | flags;
  sigemptyset(&action.sa_mask);
  REQUIRE(sigaction(signal_number, &action, NULL) == 0);
}

/// A fresh readable, writable and executable area that holds `bytes`.
static inline unsigned char* code_area(const void* bytes, size_t size) {
  unsigned char* area =
      (unsigned char*)mmap(NULL, (size + 4095) & ~(size_t)4095, PROT_READ | PROT_WRITE | PROT_EXEC,
                           MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  REQUIRE(area != MAP_FAILED);
  memcpy(area, bytes, size);
  return area;
}

static inline greg_t* app_registers(void* context) {
  return ((ucontext_t*)context)->uc_mcontext.gregs;
}

// Whether user code may read and write fs and gs by instructions, and the kernel keeps what it writes.
static inline int has_fsgsbase(void) { return (getauxval(AT_HWCAP2) & 2) != 0; }

/// Milliseconds of sleep, whatever signals come.
static inline void rest_ms(long milliseconds) {
  struct timespec left = {milliseconds / 1000, milliseconds % 1000 * 1000000};
  while (nanosleep(&left, &left) < 0 && errno == EINTR) {
  }
}

/// Until the process sleeps in a system call: on a machine with much else to do, time says little.
static inline void rest_until_asleep(pid_t process) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/stat", (int)process);
  for (int i = 0; i < 10000; ++i) {
    char text[256] = "";
    const int file = open(path, O_RDONLY);
    const ssize_t got = read(file, text, sizeof text - 1);
    close(file);
    const char* end = got > 0 ? strrchr(text, ')') : NULL;
    if (end == NULL || end[2] == 'S') return;
    rest_ms(1);
  }
}

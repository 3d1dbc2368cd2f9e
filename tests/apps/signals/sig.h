// Small moves for programs about signals.
#pragma once
#include <sys/time.h>

#include "app.h"

static volatile sig_atomic_t sig_count, sig_last;

static void sig_note(int number, siginfo_t* info, void* context) {
  ++sig_count;
  sig_last = number;
}

static void sig_block(int how, int number) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, number);
  REQUIRE(sigprocmask(how, &set, NULL) == 0);
}

static int sig_blocked(int number) {
  sigset_t set;
  sigprocmask(SIG_BLOCK, NULL, &set);
  return sigismember(&set, number);
}

static int sig_waiting(int number) {
  sigset_t set;
  sigpending(&set);
  return sigismember(&set, number);
}

/// A child that sends `number` to its parent after `milliseconds`; reaped by the caller.
static pid_t sig_from_child(int number, long milliseconds) {
  pid_t child = fork();
  if (child == 0) {
    rest_ms(milliseconds);
    kill(getppid(), number);
    _exit(0);
  }
  return child;
}

// A signal sent to itself, its handler, and the return from it.
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

static volatile sig_atomic_t taken;

static void handler(int number) { taken += number == SIGUSR1; }

int main(int argc, char** argv) {
  const long rounds = (argc > 1 ? atol(argv[1]) : 20) * 8000L;
  struct sigaction action = {.sa_handler = handler};
  if (sigaction(SIGUSR1, &action, NULL) != 0) return 1;
  for (long i = 0; i < rounds; i++) raise(SIGUSR1);
  printf("%ld\n", (long)taken);
  return 0;
}

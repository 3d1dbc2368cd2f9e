// flags: -O1 -g
// A program that knows its own numbers: docs/trace.md asks for them.
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct item {
  uint32_t price;
  uint16_t count;
  const char* name;
};

volatile int total;

#define PROBED __attribute__((noipa))

PROBED int square(int n) {
  total += n;
  return n * n;
}

PROBED int price_of(const struct item* item) { return (int)item->price * item->count; }

PROBED int deeper(int n) { return n == 0 ? 0 : 1 + deeper(n - 1); }

PROBED void greet(const char* who) { total += (int)strlen(who); }

PROBED void store_words(volatile uint64_t* words) {
  for (int i = 0; i < 4; ++i) words[i] = 7;
}

static void on_signal(int signal) { total += signal; }

static void* work(void* argument) {
  square(3);
  return argument;
}

int main(void) {
  static const struct item items[] = {{20, 2, "apple"}, {50, 1, "pear"}, {3, 30, "nut"}};
  static volatile uint64_t words[4];
  for (int i = 1; i <= 10; ++i) square(i);
  for (int i = 0; i < 3; ++i) price_of(&items[i]);
  deeper(5);
  greet("Anna");
  greet("Bert");
  greet("Anna");
  store_words(words);
  signal(SIGUSR1, on_signal);
  raise(SIGUSR1);
  raise(SIGUSR1);
  for (int i = 0; i < 2; ++i) {
    pthread_t thread;
    pthread_create(&thread, NULL, work, NULL);
    pthread_join(thread, NULL);
  }
  for (int i = 0; i < 3; ++i) close(open("/dev/null", O_RDONLY));
  close(open("/nowhere", O_RDONLY));
  return 3;
}

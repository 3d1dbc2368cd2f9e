// A program that has mapped all that there is goes on: code that is new, threads that do not start, signals, forks.
#include <math.h>
#include <pthread.h>
#include <setjmp.h>

#include "app.h"

enum { kParts = 10000 };
static int fills;
static void fill(void) {
  for (size_t size = (size_t)1 << 46; size >= 4096; size /= 2) {
    while (mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0) != MAP_FAILED) {
      if (++fills > 100000) return;
    }
  }
}

static void* run(void* argument) { return argument; }
static volatile int caught;
static void on_signal(int signal) { caught += signal; }
static sigjmp_buf back;
static void on_fault(int signal) { siglongjmp(back, signal); }

static int compare(const void* a, const void* b) { return *(const int*)a - *(const int*)b; }

int main(void) {
  pthread_t thread;
  char* pages = mmap(NULL, 2L * kParts * 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  REQUIRE(pages != MAP_FAILED);
  fill();
  EXPECT(fills > 0 && fills < 100000);
  EXPECT(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED && errno == ENOMEM);
  EXPECT(malloc(1 << 24) == NULL && errno == ENOMEM);

  // Many mappings out of one: somebody has to remember them.
  for (int i = 0; i < kParts; ++i) EXPECT(mprotect(pages + 2L * i * 4096, 4096, PROT_NONE) == 0);

  // What has not run yet.
  int numbers[2000];
  for (int i = 0; i < 2000; ++i) numbers[i] = i * 7919 % 2003;
  qsort(numbers, 2000, sizeof numbers[0], compare);
  char text[4096];
  snprintf(text, sizeof text, "%d %.17g %a %s", numbers[1000], sin(numbers[10]) + exp(0.5), sqrt(2), strerror(ENOMEM));
  puts(text);
  printf("%ld %s\n", strtol("0x7f", NULL, 0), strcasestr(text, "CANNOT") ? "found" : "not found");

  signal(SIGUSR1, on_signal);
  for (int i = 0; i < 1000; ++i) raise(SIGUSR1);
  printf("signals: %d\n", caught);
  signal(SIGSEGV, on_fault);
  if (sigsetjmp(back, 1) == 0) *(volatile int*)0 = 1;
  pthread_attr_t large;
  pthread_attr_init(&large);
  pthread_attr_setstacksize(&large, 1 << 26);
  for (int i = 0; i < 100; ++i) EXPECT(pthread_create(&thread, &large, run, NULL) == EAGAIN);
  const pid_t child = fork();
  if (child == 0) {
    fill();
    _exit(strtol("12", NULL, 10));
  }
  if (child > 0) say_status("child", wait_for(child));
  printf("the end\n");
  return app_status();
}

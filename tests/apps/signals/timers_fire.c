// setitimer of three kinds, timer_create with signals and threads, overruns, alarm's remaining time.
#include "sig.h"
static volatile int from_thread;
static void notify(union sigval value) { from_thread += value.sival_int; }
int main(void) {
  handle(SIGALRM, sig_note, 0), handle(SIGVTALRM, sig_note, 0), handle(SIGPROF, sig_note, 0);
  static const int kKinds[] = {ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF};
  for (int i = 0; i < 3; ++i) {
    sig_count = 0;
    struct itimerval t = {{0, 5000}, {0, 5000}}, off = {0};
    setitimer(kKinds[i], &t, NULL);
    while (sig_count < 5) {
    }
    setitimer(kKinds[i], &off, NULL);
    printf("kind %d signal %d\n", i, sig_last);
  }
  alarm(100);
  printf("left %d\n", alarm(0) >= 99);
  timer_t timer;
  struct sigevent event = {
      .sigev_notify = SIGEV_THREAD, .sigev_notify_function = notify, .sigev_value.sival_int = 3};
  EXPECT(timer_create(CLOCK_REALTIME, &event, &timer) == 0);
  struct itimerspec soon = {{0, 2000000}, {0, 2000000}};
  timer_settime(timer, 0, &soon, NULL);
  while (from_thread < 9) rest_ms(1);
  timer_delete(timer);
  puts("threads notified");
  return app_status();
}

// clock_gettime, gettimeofday, time, getcpu and clock_getres through the vdso; time goes forward.
#include <sched.h>
#include <sys/auxv.h>
#include <sys/time.h>

#include "app.h"
int main(void) {
  EXPECT(getauxval(AT_SYSINFO_EHDR) != 0);
  EXPECT(memcmp((void*)getauxval(AT_SYSINFO_EHDR), "\177ELF", 4) == 0);
  struct timespec now, before = {0, 0};
  for (int i = 0; i < 1000; ++i) {
    EXPECT(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
    EXPECT(now.tv_sec > before.tv_sec ||
           (now.tv_sec == before.tv_sec && now.tv_nsec >= before.tv_nsec));
    before = now;
  }
  struct timeval tv;
  EXPECT(gettimeofday(&tv, NULL) == 0);
  clock_gettime(CLOCK_REALTIME, &now);
  EXPECT(labs(now.tv_sec - tv.tv_sec) <= 1 && labs(time(NULL) - tv.tv_sec) <= 1);
  EXPECT(syscall(SYS_time, NULL) - now.tv_sec <= 1);
  unsigned cpu, node;
  EXPECT(getcpu(&cpu, &node) == 0 && cpu < 4096);
  EXPECT(sched_getcpu() >= 0);
  clock_getres(CLOCK_MONOTONIC, &now);
  printf("%ld.%09ld\n", (long)now.tv_sec, now.tv_nsec);
  EXPECT(clock_gettime(9999, &now) == -1 && errno == EINVAL);
  return app_status();
}

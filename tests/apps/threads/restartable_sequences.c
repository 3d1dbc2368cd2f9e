// rseq: registered by the C library as natively, or refused as an old kernel does; sched_getcpu works either way.
#include <sched.h>

#include "app.h"
int main(void) {
  for (int i = 0; i < 1000; ++i) EXPECT(sched_getcpu() >= 0 && sched_getcpu() < 4096);
  long result = syscall(SYS_rseq, NULL, 0, 0, 0);
  EXPECT(result == -1 && (errno == EINVAL || errno == ENOSYS));
  cpu_set_t set;
  EXPECT(sched_getaffinity(0, sizeof set, &set) == 0);
  printf("%d\n", CPU_COUNT(&set));
  CPU_ZERO(&set);
  CPU_SET(0, &set);
  if (sched_setaffinity(0, sizeof set, &set) == 0) printf("%d\n", sched_getcpu());
  return app_status();
}

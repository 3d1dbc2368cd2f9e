// rseq: registered by the C library as natively, or refused as an old kernel does, together with the barrier that
// libraries use it with; sched_getcpu works either way.
#include <linux/membarrier.h>
#include <sched.h>

#include "app.h"
int main(void) {
  for (int i = 0; i < 1000; ++i) EXPECT(sched_getcpu() >= 0 && sched_getcpu() < 4096);
  long result = syscall(SYS_rseq, NULL, 0, 0, 0);
  EXPECT(result == -1 && (errno == EINVAL || errno == ENOSYS));
  int has_rseq = errno != ENOSYS;
  long commands = syscall(SYS_membarrier, MEMBARRIER_CMD_QUERY, 0, 0);
  int has_barrier = commands > 0 && (commands & MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ) != 0;
  EXPECT(has_rseq || !has_barrier);
  EXPECT((syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ, 0, 0) == 0) == has_barrier);
  cpu_set_t set;
  EXPECT(sched_getaffinity(0, sizeof set, &set) == 0);
  printf("%d\n", CPU_COUNT(&set));
  CPU_ZERO(&set);
  CPU_SET(0, &set);
  if (sched_setaffinity(0, sizeof set, &set) == 0) printf("%d\n", sched_getcpu());
  return app_status();
}

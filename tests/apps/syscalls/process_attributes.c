// Limits, umask, directory, nice, ids, process groups, dumpable, names: as natively.
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/times.h>
#include <sys/utsname.h>

#include "app.h"
int main(void) {
  for (int i = 0; i < 16; ++i) {
    struct rlimit limit;
    EXPECT(getrlimit(i, &limit) == 0);
    printf("limit %d %lx %lx\n", i, limit.rlim_cur, limit.rlim_max);
  }
  mode_t old = umask(027);
  printf("umask %o\n", old);
  int fd = open("made", O_CREAT | O_WRONLY, 0777);
  struct stat info;
  fstat(fd, &info);
  printf("mode %o\n", info.st_mode);
  char directory[4096];
  EXPECT(getcwd(directory, sizeof directory) != NULL && chdir("/") == 0 &&
         strcmp(getcwd(directory, 10), "/") == 0);
  printf("nice %d ids %d %d %d %d\n", getpriority(PRIO_PROCESS, 0), getuid(), geteuid(), getgid(),
         getegid());
  printf("group %d session %d\n", getpgid(0) == getpgrp(), getsid(0) == getsid(getpid()));
  char name[17] = {0};
  prctl(PR_GET_NAME, name);
  printf("name %s\n", name);
  EXPECT(prctl(PR_SET_NAME, "a-name-that-is-too-long") == 0);
  prctl(PR_GET_NAME, name);
  printf("name %s\n", name);
  FILE* comm = fopen("/proc/self/comm", "r");
  fgets(directory, 100, comm);
  printf("comm %s", directory);
  printf("dumpable %d keepcaps %d pdeathsig ", prctl(PR_GET_DUMPABLE), prctl(PR_GET_KEEPCAPS));
  int signal_number = -1;
  prctl(PR_GET_PDEATHSIG, &signal_number);
  printf("%d nonewprivs %d timerslack %d seccomp %d tsc ", signal_number,
         prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), prctl(PR_GET_TIMERSLACK), prctl(PR_GET_SECCOMP));
  prctl(PR_GET_TSC, &signal_number);
  printf("%d subreaper ", signal_number);
  prctl(PR_GET_CHILD_SUBREAPER, &signal_number);
  printf("%d\n", signal_number);
  struct tms tms;
  EXPECT(times(&tms) != (clock_t)-1);
  struct utsname uts;
  uname(&uts);
  puts(uts.machine);
  unsigned size = 0;
  const int answer = prctl(PR_SET_MM, PR_SET_MM_MAP_SIZE, &size, 0L, 0L);
  printf("description of memory %d %u\n", answer, size);
  return app_status();
}

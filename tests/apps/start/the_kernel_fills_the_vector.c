// AT_RANDOM differs from run to run and is not zero; ids and page size are right; AT_SECURE is not set.
#include "dump.h"
int main(int argc, char** argv) {
  if (argc > 1) {
    EXPECT(memcmp((void*)getauxval(AT_RANDOM), argv[1], 16) != 0);
    puts("second");
    return app_status();
  }
  EXPECT(getauxval(AT_PAGESZ) == 4096 && getauxval(AT_UID) == getuid() &&
         getauxval(AT_EGID) == getegid() && getauxval(AT_SECURE) == 0);
  EXPECT(getauxval(AT_CLKTCK) == (unsigned long)sysconf(_SC_CLK_TCK));
  char random[17] = {0};
  memcpy(random, (void*)getauxval(AT_RANDOM), 16);
  for (int i = 0; i < 16; ++i)
    if (random[i] == 0) random[i] = 1;
  execl("/proc/self/exe", argv[0], random, NULL);
  return 1;
}

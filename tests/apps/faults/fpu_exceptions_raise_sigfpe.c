// flags: -lm
// Unmasked SSE and x87 exceptions: the code, the instruction, the way on.
#include <fenv.h>

#include "fault.h"
static void leave(int number, siginfo_t* info, void* context) {
  printf("signal %d code %d at rip %d\n", number, info->si_code,
         info->si_addr == (void*)app_registers(context)[REG_RIP]);
  siglongjmp(fault_back, 1);
}
int main(void) {
  handle(SIGFPE, leave, SA_NODEFER);
  volatile double zero = 0, one = 1, big = 1e308;
  volatile long double lzero = 0, lone = 1;
  for (int i = 0; i < 3; ++i) {
    feclearexcept(FE_ALL_EXCEPT);
    feenableexcept(FE_DIVBYZERO | FE_INVALID | FE_OVERFLOW);
    if (sigsetjmp(fault_back, 1) == 0) printf("%g\n", one / zero);
    feclearexcept(FE_ALL_EXCEPT);
    feenableexcept(FE_DIVBYZERO | FE_INVALID | FE_OVERFLOW);
    if (sigsetjmp(fault_back, 1) == 0) printf("%g\n", zero / zero);
    feclearexcept(FE_ALL_EXCEPT);
    feenableexcept(FE_DIVBYZERO | FE_INVALID | FE_OVERFLOW);
    if (sigsetjmp(fault_back, 1) == 0) printf("%g\n", big * big);
    feclearexcept(FE_ALL_EXCEPT);
    feenableexcept(FE_DIVBYZERO | FE_INVALID | FE_OVERFLOW);
    if (sigsetjmp(fault_back, 1) == 0) printf("%Lg\n", lone / lzero);
    feclearexcept(FE_ALL_EXCEPT);
    fedisableexcept(FE_ALL_EXCEPT);
  }
  return app_status();
}

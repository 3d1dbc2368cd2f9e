// The fixed vsyscall page, where the kernel still has it: time() at 0xffffffffff600400 works or faults as natively.
#include "app.h"
static void call_it(void) {
  long (*old_time)(long*) = (long (*)(long*))0xffffffffff600400;
  long now = old_time(NULL);
  printf("%d\n", labs(now - time(NULL)) <= 1);
}
int main(void) {
  in_child("vsyscall time", call_it);
  return app_status();
}

// Data on the pages of hot code, written all the time, by the code itself and by others.
#include "smc.h"

// inc dword [rip+0x7fa-..]: a counter on the code's own page; mov eax, 5; ret
static long body(int number, void* shared) {
  unsigned char* page = (unsigned char*)shared + 1024 * number;
  write_function(page, 5 + number);
  volatile unsigned* counter = (volatile unsigned*)(page + 512);
  volatile unsigned long* wide = (volatile unsigned long*)(page + 520);
  *counter = 0;
  *wide = 0;
  long sum = 0;
  for (int i = 0; i < 20000; ++i) {
    *counter += 3;
    *wide ^= (unsigned long)i << 20;
    sum += call(page);
  }
  // Code and data of other threads are as they were left.
  EXPECT(*counter == 60000);
  return sum + (long)*counter + (long)*wide;
}

int main(void) {
  alone_and_together("beside", body, map_rwx(1));
  return app_status();
}

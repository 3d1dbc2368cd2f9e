// flags: -fno-pie -no-pie -Wl,-Ttext-segment=0x50000000
// args: one "two words" ''
// env: SPECIAL=value with spaces
// A fixed-address executable linked above its usual place.
#include "dump.h"
int main(int argc, char** argv) {
  dump_start(argc, argv);
  return app_status();
}

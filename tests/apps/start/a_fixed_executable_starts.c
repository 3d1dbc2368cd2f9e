// flags: -fno-pie -no-pie
// args: one "two words" ''
// env: SPECIAL=value with spaces
// A fixed-address executable.
#include "dump.h"
int main(int argc, char** argv) {
  dump_start(argc, argv);
  return app_status();
}

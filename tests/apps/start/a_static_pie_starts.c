// flags: -static-pie -fPIE
// args: one "two words" ''
// env: SPECIAL=value with spaces
// A static position-independent executable.
#include "dump.h"
int main(int argc, char** argv) {
  dump_start(argc, argv);
  return app_status();
}

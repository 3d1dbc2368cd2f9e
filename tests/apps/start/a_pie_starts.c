// flags: -fPIE -pie
// args: one "two words" ''
// env: SPECIAL=value with spaces
// A position-independent executable: arguments, environment, auxiliary vector, mappings.
#include "dump.h"
int main(int argc, char** argv) {
  dump_start(argc, argv);
  return app_status();
}

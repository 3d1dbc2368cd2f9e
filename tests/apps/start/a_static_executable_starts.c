// flags: -static
// args: one "two words" ''
// env: SPECIAL=value with spaces
// A static executable at a fixed address.
#include "dump.h"
int main(int argc, char** argv) {
  dump_start(argc, argv);
  return app_status();
}

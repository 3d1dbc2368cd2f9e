// flags: -z execstack
// args: one "two words" ''
// env: SPECIAL=value with spaces
// A program that asks for an executable stack gets it.
#include "dump.h"
int main(int argc, char** argv) {
  dump_start(argc, argv);
  return app_status();
}

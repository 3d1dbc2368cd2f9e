// flags: -Wl,-z,separate-code -Wl,-z,max-page-size=0x200000 -Wl,-z,now -Wl,-z,relro
// args: one "two words" ''
// env: SPECIAL=value with spaces
// Segments aligned to 2 MB.
#include "dump.h"
int main(int argc, char** argv) {
  dump_start(argc, argv);
  return app_status();
}

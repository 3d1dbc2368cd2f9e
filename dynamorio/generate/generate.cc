// Writes what follows from Zydis's tables: the opcodes, their names, and the macros that make
// instructions.
//
// usage: generate_ir MACROS_BY_HAND OUTPUT_FOLDER
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>

#include "generate/opcodes.h"
#include "generate/shapes.h"

namespace {

using weft::dynamorio::Opcodes;
using weft::dynamorio::Shapes;

bool write(const std::string& path, const std::string& text) {
  std::ofstream out(path);
  out << text;
  out.close();
  if (!out) std::fprintf(stderr, "generate_ir: cannot write %s\n", path.c_str());
  return !out.fail();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fputs("usage: generate_ir MACROS_BY_HAND OUTPUT_FOLDER\n", stderr);
    return 2;
  }
  std::ifstream by_hand(argv[1]);
  const std::string macros_by_hand{std::istreambuf_iterator<char>(by_hand), {}};
  const std::string folder = argv[2];
  const Opcodes opcodes;
  const Shapes shapes(opcodes);
  return write(folder + "/dr_ir_opcodes_x86.h", opcodes.header()) &&
                 write(folder + "/opcode_table.inc", shapes.rows(opcodes) + opcodes.mnemonics()) &&
                 write(folder + "/dr_ir_macros_x86.h", shapes.macros(macros_by_hand))
             ? 0
             : 1;
}

// What the ledger has, for people and for Valgrind's DHAT viewer. Any thread, with a ledger that
// nobody changes.
#pragma once

#include <string>
#include <vector>

#include "heap/ledger.h"
#include "weft/symbols.h"

namespace weft::tools {

struct HeapRun {
  int pid = 0;
  std::string program;
  std::vector<std::string> arguments;
  uint64_t microseconds = 0;  ///< from the start of the process to its end
  uint64_t failed = 0;        ///< allocations that got no memory
  uint64_t errors = 0;
  size_t top = 0;  ///< lines of each list; 0: all
};

/// "free < main (file.c:3)": the function, and who called it, the innermost first.
std::string stack_text(const Stack& stack, const Symbols& symbols);

std::string heap_text(const Ledger& ledger, const HeapRun& run, const Symbols& symbols);
/// JSON, version 2 of the viewer's files.
std::string heap_dhat(const Ledger& ledger, const HeapRun& run, const Symbols& symbols);

}  // namespace weft::tools

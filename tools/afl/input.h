// Where the bytes of an input come from, for functions that get them in memory. One object a
// process; used by one thread, in clean calls.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "weft/tool.h"

namespace weft::tools::afl {

class Input {
 public:
  /// Attaches the memory by which afl-fuzz hands inputs over, if it offers that.
  void start(Process& process);
  bool is_shared() const { return shared_ != nullptr; }
  /// The input that is to run now: from the shared memory, or all of standard input. Valid until
  /// the next call.
  std::span<uint8_t> next();

 private:
  uint8_t* shared_ = nullptr;
  std::vector<uint8_t> bytes_;
};

}  // namespace weft::tools::afl

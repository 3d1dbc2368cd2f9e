// /proc/self/status, stat and statm with the program's numbers in place of the process's, where the
// runtime's memory and signal handlers make a difference. Stateless; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace weft::linux {

struct ProcessView {
  uint64_t size = 0;       ///< bytes of the program's mappings
  uint64_t data_size = 0;  ///< of those, private and writable
  uint64_t blocked = 0;    ///< sets of signals, as the kernel prints them
  uint64_t ignored = 0;
  uint64_t caught = 0;
};

/// Each takes the kernel's text and returns the program's.
std::string adjust_status(std::string_view text, const ProcessView& view);
std::string adjust_stat(std::string_view text, const ProcessView& view);
std::string adjust_statm(std::string_view text, const ProcessView& view);

}  // namespace weft::linux

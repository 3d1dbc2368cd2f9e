// Memory in which each word has one value, had by mapping it: pages that nobody writes cost nothing
// but their mapping. By system calls of the runtime's own; one thread.
#pragma once

#include <cstdint>

#include "base/address.h"
#include "linux/kernel/unique_fd.h"

namespace weft::linux {

class RepeatedWord {
 public:
  /// What map() needs is asked for when it is first called.
  explicit RepeatedWord(uint64_t value) : value_(value) {}

  /// Puts such memory, private and writable, in place of what is in `range`, which is whole pages.
  /// False if some of it is as it was.
  bool map(AppRange range);

 private:
  /// Whether the file is there whose copies are mapped.
  bool make_file();

  uint64_t value_;
  UniqueFd file_;
  bool refused_ = false;
};

}  // namespace weft::linux

// Which files are sources of taint, and how the bytes of them are called. Owned by the tool; any
// thread.
#pragma once

#include <sys/types.h>

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "taintlite/labels.h"

namespace weft::tools {

class Inputs {
 public:
  struct Choice {
    bool standard_input = true;
    std::string file;  ///< part of the paths of files that are sources; empty: none
  };
  struct Position {
    uint32_t input = 0;
    uint64_t offset = 0;
  };

  void start(Choice choice) { choice_ = std::move(choice); }
  /// `bytes` have been read from `fd`: which ones, if it is a source. `offset` is the argument of
  /// pread, or -1.
  bool read(int fd, uint64_t bytes, int64_t offset, Position& position);
  /// "stdin:0-3,7 /etc/passwd:1"
  std::string text(const std::vector<SourceByte>& bytes) const;
  size_t count() const;
  void restart();

 private:
  struct Input {
    std::string name;
    uint64_t read = 0;  ///< bytes, for those that have no position
  };

  mutable std::mutex lock_;
  Choice choice_;
  std::vector<Input> inputs_;
};

}  // namespace weft::tools

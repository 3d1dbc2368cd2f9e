// The map of edges that afl-fuzz reads. One object a process, made before the program starts; its
// code additions run on all threads.
#pragma once

#include <cstdint>

#include "weft/tool.h"

namespace weft::tools::afl {

/// An edge is counted in the byte at (number of the block before) + (number of the block). Numbers
/// depend on the module and the place in it alone, so that they are the same in every run. Each
/// thread has a block before of its own.
class CoverageMap {
 public:
  /// Attaches the shared memory that afl-fuzz made, or makes a map of the process's own.
  void start(Process& process);

  /// Has the block count the edge by which it is entered.
  void instrument(Block& block, const Module& module) const;

  /// No block was before, on this thread.
  void forget_block_before(Thread& thread) const { thread.set(before_, 0); }

  uint32_t size() const { return size_; }
  bool is_shared() const { return shared_; }

 private:
  uint8_t* map_ = nullptr;
  uint32_t size_ = 0;
  bool shared_ = false;
  ThreadCounter before_;
};

}  // namespace weft::tools::afl

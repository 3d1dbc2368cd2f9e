// What the forked children of this process had to build themselves, so that the process can build
// it before it forks the next one: a fork server's or a shell's children all take the same way.
// Words in memory that parent and children share. They are suggestions: a tag that is wrong, or no
// code, costs its reader a look. One object a process; any thread, no locks.
#pragma once

#include <sys/types.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>

#include "base/address.h"
#include "translate/program_code.h"

namespace weft::engine {

class ChildBlocks {
 public:
  struct Block {
    AppPc tag;
    translate::Arrival arrival;
  };

  ChildBlocks() = default;
  ~ChildBlocks();
  ChildBlocks(const ChildBlocks&) = delete;
  ChildBlocks& operator=(const ChildBlocks&) = delete;

  /// Ahead of a fork: there is memory to hear from the child by, if the kernel has any. `pid` is
  /// this process. Nothing is to be done in the child.
  void before_fork(pid_t pid);

  /// This process, `pid`, had to build `block`, or to make it ready for indirect branches. Told to
  /// the parent if there is one that runs this code, and if another of its children had to do the
  /// same.
  void note(pid_t pid, const Block& block) {
    if (newest_ != nullptr) tell(pid, block);
  }
  /// What at least two children had to build; nothing if there is no more.
  std::optional<Block> take(pid_t pid);

 private:
  static constexpr uint32_t kPlaces = 4096;

  /// `seen` has the blocks that were noted, by a hash of their tags; the later of two in one place
  /// stays. `wanted` is a ring of those that were noted twice. A word is 0 or a block.
  struct Shared {
    std::array<std::atomic<uint64_t>, kPlaces> seen;
    std::array<std::atomic<uint64_t>, kPlaces> wanted;
    std::atomic<uint32_t> written;  ///< words that were ever put into the ring
    std::atomic<uint32_t> read;
    pid_t reader;  ///< the process whose children write
  };

  void tell(pid_t pid, const Block& block);
  static Shared* map(pid_t reader);
  static void unmap(Shared* shared);

  /// What was mapped last: to hear from the children by, or, in a process that has not forked, to
  /// tell the parent by. So a child need not write here.
  Shared* newest_ = nullptr;
  Shared* parents_ = nullptr;  ///< to tell the parent by, in one that has
};

}  // namespace weft::engine

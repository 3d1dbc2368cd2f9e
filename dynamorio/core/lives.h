// The lives of what clients were shown in block and trace events, for the delete event: it comes
// once for each, when no thread can be executing it any more. Any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "weft/instruction.h"

namespace weft::dynamorio {

class Lives {
 public:
  /// What a list that was made for `tag` has to own; `data` is what it owns beside. Its release,
  /// which may come while locks of the runtime's are held, is told by the next tell().
  std::shared_ptr<void> begin(Address tag, const std::shared_ptr<void>& data);
  /// Of a trace, which has no list of its own.
  void begin_trace(Address tag);
  void end(Address tag);

  /// Tells the client of what has ended, on the calling thread.
  void tell();
  /// The process ends, and everything in it.
  void tell_all();

 private:
  std::mutex mutex_;
  std::unordered_map<Address, uint64_t> alive_;  ///< under mutex_: how often, by tag
  std::vector<Address> ended_;                   ///< under mutex_: not told yet
};

}  // namespace weft::dynamorio

// Actions that put numbers together, "@x = hist(arg0)", without a call: inserted code adds to words
// of each thread's own, whose sums become a map's. One object a process. Any thread, but start().
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "trace/script.h"
#include "trace/sites.h"
#include "trace/values.h"
#include "weft/tool.h"

namespace weft::tools::trace {

/// An access that a probe of accesses has in front of it.
struct Access {
  int operand = -1;  ///< the instruction's; -1: the place has none
  uint32_t size = 0;
};

class Sums {
 public:
  void start(Process& process);
  /// Before the thread runs any of the program's code, and when it runs no more of it.
  void start_thread(Thread& thread);
  void end_thread(Thread& thread);

  /// Adds the action's code at the place. False: it is not one of those that can be added, or there
  /// is no room left.
  bool add(Insertion place, const CodeSite& site, const Access& access);
  /// Puts into the maps what has come together since it was last called.
  void collect(Maps& maps);

 private:
  /// Of a map's key.
  struct Cells {
    std::string map;
    Key key;
    Call call = Call::kCount;
    bool operator<(const Cells& other) const {
      return std::tie(map, key, call) < std::tie(other.map, other.key, other.call);
    }
  };
  /// Words in each thread's table, never reset: threads may be adding to them.
  struct Words {
    uint32_t first = 0;
    std::vector<uint64_t> collected;
  };

  /// The first of the words; nothing if none are left.
  const Words* words_for(const Cells& cells);
  uint64_t total(uint32_t word, Call call) const;
  void put(const Cells& cells, Words& words, Maps& maps) const;

  struct FreeTable {
    void operator()(uint64_t* table) const;
  };
  using Table = std::unique_ptr<uint64_t, FreeTable>;

  Process* process_ = nullptr;
  ThreadCounter table_;  ///< where the thread's table is
  mutable std::mutex mutex_;
  std::map<Cells, Words> cells_;
  std::vector<Table> tables_;    ///< of the threads that there are
  std::vector<uint64_t> ended_;  ///< of those that have ended, put together
  uint32_t next_word_ = 0;
};

}  // namespace weft::tools::trace

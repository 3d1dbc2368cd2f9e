// Actions that only count, "@x = count()", without a call: inserted additions whose sums become a
// map's. One object a process. Any thread.
#pragma once

#include <deque>
#include <map>
#include <mutex>
#include <string>

#include "trace/script.h"
#include "trace/sites.h"
#include "trace/values.h"
#include "weft/tool.h"

namespace weft::tools::trace {

class Counts {
 public:
  void start(Process& process) { process_ = &process; }
  /// Whether the action is one that add() can carry out.
  static bool can(const Action& action);
  void add(Insertion place, const CodeSite& site);
  /// Puts into the maps what was counted since it was last called.
  void collect(Maps& maps);

 private:
  struct Place {
    std::string map;
    Key key;
    bool operator<(const Place& other) const {
      return std::tie(map, key) < std::tie(other.map, other.key);
    }
  };

  /// Words are never reset: threads may be adding to them.
  template <typename Word>
  struct Count {
    Word word;
    uint64_t collected = 0;
  };

  Process* process_ = nullptr;
  std::mutex mutex_;
  std::map<Place, Count<Counter>> counters_;
  std::map<Place, Count<Tally>> tallies_;  ///< the first few: the cheapest
};

}  // namespace weft::tools::trace

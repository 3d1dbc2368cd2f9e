// Probes that go on and off while the program runs: what was built for them, or without them, is
// deleted, and nothing else. Any thread, but start().
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <span>
#include <vector>

#include "trace/sites.h"
#include "weft/tool.h"

namespace weft::tools::trace {

/// The functions whose returns are asked for.
class Returns {
 public:
  using Run = std::function<void(const CodeSite& site, FunctionCall& call)>;

  void start(Process& process, Run run);
  void add(const CodeSites::Returned& returned);
  /// How many functions the probe has.
  size_t set(const Probe& probe, bool on);

 private:
  struct Place {
    Address function;
    CodeSite site;
    Wrap wrap;
  };
  void wrap(Place& place);

  Process* process_ = nullptr;
  Run run_;
  std::mutex mutex_;
  std::deque<Place> places_;  ///< under mutex_; hooks refer to their sites
};

/// What a change of probes came to.
struct Switched {
  uint64_t places = 0;     ///< of probes that have places in code
  uint64_t fragments = 0;  ///< that were deleted
};

/// Has the program's code agree with what Probes says of these.
Switched apply(Process& process, const CodeSites& sites, Returns& returns,
               std::span<const Probe* const> changed);

}  // namespace weft::tools::trace

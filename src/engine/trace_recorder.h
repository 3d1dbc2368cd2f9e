// Finds hot paths and makes traces of them: counts how often its thread comes to the dispatcher by
// a counted exit, then runs the program a block at a time, by probes, to see which way it goes.
// Belongs to one thread, which alone calls it, inside an epoch.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "cache/code_cache.h"
#include "engine/hooks.h"
#include "engine/observer.h"
#include "translate/environment.h"
#include "translate/superblock.h"

namespace weft::engine {

/// For fragments of one block that come back to the dispatcher whichever way they go.
translate::Environment for_probes(translate::Environment environment);

class TraceRecorder {
 public:
  /// Traces are built with `builder` and counted in `made`, which are the thread's own and outlive
  /// this. `hooks` may be null.
  TraceRecorder(const translate::Environment& environment, cache::CodeCache& cache,
                translate::ProgramCode& code, translate::SuperblockBuilder& builder, Hooks* hooks,
                const Observers& observers, uint32_t threshold, uint64_t& made);

  /// The thread has come to `tag` by a counted exit.
  void count(AppPc tag);
  /// Where to enter the cache for `tag`, if a recording is on that goes on there; value 0 if not. A
  /// recording that ends here has become a trace.
  CachePc next_probe(AppPc tag);
  /// The thread is back from the cache; `by_branch`: by an exit or an indirect branch, not for a
  /// system call, a signal or the like.
  void leave(bool by_branch);
  /// The thread goes on for a while without recording.
  void interrupt() { interrupted_ = true; }

 private:
  static constexpr size_t kMostBlocks = 48;
  /// A head that gave no trace so often is a loop like any other from then on.
  static constexpr uint8_t kMostFailures = 3;

  struct Head {
    uint32_t count = 0;
    uint8_t failures = 0;
  };

  bool ends_at(AppPc tag) const;
  void finish();
  bool make_trace();

  translate::Environment environment_;  ///< of probes
  cache::CodeCache& cache_;
  translate::SuperblockBuilder probes_;
  translate::SuperblockBuilder& builder_;
  const Observers& observers_;
  const uint32_t threshold_;
  uint64_t& made_;
  std::unordered_map<uint64_t, Head> heads_;
  std::vector<AppPc> path_;           ///< blocks that ran, from the head on
  cache::Fragment* probe_ = nullptr;  ///< being run
  bool recording_ = false;
  bool interrupted_ = false;  ///< the last block was left otherwise than by a branch
  AppPc head_;
};

}  // namespace weft::engine

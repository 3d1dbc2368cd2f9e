// When additions by set_once() are taken out of the code: at their first execution, or, while a
// process is young, later and all together. Owned by the host; any thread, but start() and
// resume().
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>

#include "cache/fragment.h"

namespace weft::engine {
class Engine;
}  // namespace weft::engine

namespace weft::tool {

class FirstRuns {
 public:
  void start(engine::Engine& engine) { engine_ = &engine; }

  /// Whether an addition that a tool makes now waits; `may_wait`: if it is up to the tool. On a
  /// program thread.
  bool waits(bool may_wait);
  /// No addition waits from now on.
  void settle();
  /// What was taken out is put back; answers how many additions that were. See
  /// Code::put_back_set_once().
  uint64_t put_back();

  /// In the child, which is young.
  void forked();
  /// For a code image, for which what was taken out is put back.
  uint64_t state() const;
  /// The process goes on with an image of that state. On the first thread, before it runs.
  void resume(uint64_t state);

 private:
  void set_alarm();
  void for_each_fragment(const std::function<void(const cache::Fragment&)>& visit) const;

  engine::Engine* engine_ = nullptr;
  std::atomic<bool> is_young_{true};
  std::atomic<bool> is_settled_{false};    ///< and has not been put back in a young process
  std::atomic<bool> any_may_wait_{false};  ///< or might, while the process was young
  std::atomic<bool> any_at_once_{false};   ///< some do not wait
};

}  // namespace weft::tool

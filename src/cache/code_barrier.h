// Makes every thread of the process forget instructions that it may have fetched ahead, before
// their memory gets new ones. Any thread.
#pragma once

#include <atomic>

namespace weft::cache {

class CodeBarrier {
 public:
  /// Once, before the first threads().
  void start();
  /// When it returns, every thread has passed through a serialising instruction since the call.
  void threads();

 private:
  bool register_process();

  std::atomic<bool> registered_{false};
};

}  // namespace weft::cache

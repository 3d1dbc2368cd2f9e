// What indirect branches read: from a program address to the cache address that they jump to.
// Calls for one address come under its tag lock, in order; calls for different addresses at once.
#pragma once

#include "base/address.h"

namespace weft::cache {

class IndirectTargets {
 public:
  IndirectTargets() = default;
  IndirectTargets(const IndirectTargets&) = delete;
  IndirectTargets& operator=(const IndirectTargets&) = delete;
  virtual ~IndirectTargets() = default;

  /// From now on indirect branches to `target` go to `entry`. False if `target` can have no word
  /// here; its branches keep missing.
  virtual bool publish(AppPc target, CachePc entry) = 0;
  /// From now on they miss. When it returns no branch reads the old entry any more.
  virtual void retract(AppPc target) = 0;
};

}  // namespace weft::cache

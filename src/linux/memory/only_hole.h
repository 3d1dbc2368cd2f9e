// Has the kernel choose one place for what is mapped without one: that of libraries that dlopen()
// loads.
#pragma once

#include <vector>

#include "base/address.h"

namespace weft::linux {

/// While it lives, `hole`, which is free, is the uppermost free range: the kernel, which looks for
/// a place from above, finds it first. What is free above is taken meanwhile, without memory behind
/// it; other threads that map something find the hole, too. Where that cannot be done the kernel
/// chooses as ever.
class OnlyHole {
 public:
  explicit OnlyHole(AppRange hole);
  ~OnlyHole();
  OnlyHole(const OnlyHole&) = delete;
  OnlyHole& operator=(const OnlyHole&) = delete;

 private:
  /// False if something was there that had not been seen.
  bool take_all_above(AppRange hole);
  bool take(AppRange free);

  std::vector<AppRange> taken_;
};

}  // namespace weft::linux

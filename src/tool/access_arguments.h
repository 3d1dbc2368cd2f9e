// What clean calls are given of the accesses that an instruction is about to make. Belongs to one
// call, on its thread.
#pragma once

#include <forward_list>
#include <vector>

#include "tool/call_site.h"
#include "translate/thread_block.h"
#include "weft/values.h"

namespace weft::tool {

class AccessArguments {
 public:
  /// Those of `argument`, kept until this object goes. The thread has left the cache, with its
  /// vector state in `block.xsave`.
  const MemoryAccesses& list(const Argument& argument, const translate::ThreadBlock& block);

 private:
  struct One {
    std::vector<MemoryAccess> all;
    MemoryAccesses shown{nullptr, 0};
  };
  std::forward_list<One> lists_;
};

}  // namespace weft::tool

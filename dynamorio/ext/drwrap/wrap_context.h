// What a client's wrapcxt points to: one call of a wrapped function, before or after. For its own
// thread, while the callback runs.
#pragma once

#include "drwrap.h"
#include "weft/functions.h"

namespace weft::dynamorio {

struct WrapContext {
  FunctionCall* call = nullptr;
  bool after = false;
  bool redirected = false;
  dr_mcontext_t registers{};  ///< of drwrap_get_mcontext()
};

inline WrapContext& wrap_of(void* wrapcxt) { return *static_cast<WrapContext*>(wrapcxt); }

}  // namespace weft::dynamorio

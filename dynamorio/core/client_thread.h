// Threads that clients have the room make.
#pragma once

#include <functional>

#include "core/context.h"

namespace weft::dynamorio {

/// Runs `work` on a thread of its own, which takes no signals of the program's and ends with the
/// process.
bool run_client_thread(std::function<void(Context&)> work);

}  // namespace weft::dynamorio

// What the kernel writes into the program's memory when a thread ends. Stateless.
#pragma once

#include <functional>

#include "base/address.h"

namespace weft::linux {

/// Calls `visit` for the words that the kernel will change when the calling kernel thread ends: the
/// one that tells who joins it (clear_child_tid), and the locks that it may hold (robust list).
void for_each_word_at_thread_end(const std::function<void(AppRange)>& visit);

}  // namespace weft::linux

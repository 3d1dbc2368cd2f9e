// The address of a thread's last x87 instruction, as the CPU keeps it, in the state that was saved
// when the thread left the cache. Its own thread alone; SIGNAL_SAFE throughout, and needs no fs of
// the runtime's.
#pragma once

#include "engine/thread.h"

namespace weft::engine {

/// Makes that address the program's own if it is one in the cache: before anything that the thread
/// ran there is reclaimed.
SIGNAL_SAFE void settle_x87_pointers(Thread& thread);

}  // namespace weft::engine

// Other threads' part in a core dump. A dump shows each thread's registers as the kernel has them,
// and those of a thread in the cache are the runtime's; a tracer of our own can set them.
#pragma once

#include "linux/kernel/program_thread.h"
#include "linux/signal/runtime.h"

namespace weft::linux {

/// Calls `visit(argument, thread)` for each program thread; no thread comes or goes meanwhile.
using VisitThreads = void (*)(void* list, void (*visit)(void* argument, ProgramThread& thread),
                              void* argument);

/// Stops all program threads but `dying`, with the program's state in their registers, until they
/// die with the process. Makes a process for that, which shares this memory and allocates nothing.
/// Does what it can: a thread that cannot be stopped stays as it is.
void park_threads(const ProgramThread& dying, SignalRuntime& runtime, VisitThreads visit_threads,
                  void* list);

}  // namespace weft::linux

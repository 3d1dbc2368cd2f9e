// The runtime's fs, by which its libc finds thread-local storage. Where user code cannot switch fs
// (no FSGSBASE) each switch is a system call, so a thread that comes out of the code cache goes on
// with the program's, until it is about to call what needs its own: whatever allocates, sleeps,
// sets errno or throws. What needs none is our own code, libc's memory and string functions, and
// the containers as long as they do not allocate; operator new and delete ask for it themselves.
#pragma once

#include <cstdint>

namespace weft {

/// Whose thread-local storage a thread's fs leads to, as far as it has been noted.
struct FsOwner {
  static constexpr uint64_t kRuntime = 0;
  static constexpr uint64_t kProgram = 1;
  static constexpr uint64_t kNobody = 2;
  static constexpr uint64_t kChanging = 3;  ///< a signal handler has to look
};

/// The calling thread has the runtime's fs from here on, until it enters the cache; in a signal
/// handler, until that returns. Any thread; a load and a branch where it has. SIGNAL_SAFE.
void need_runtime_fs() noexcept;

/// `take` is what need_runtime_fs() calls. Once, on the first program thread, when it and all
/// threads that are yet to be made can answer.
void set_runtime_fs_switch(void (*take)() noexcept) noexcept;

}  // namespace weft

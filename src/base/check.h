// CHECK stops the process on what only a bug of ours can cause; it stays on in release builds.
// Any thread; signal-safe (writes with write(2), allocates nothing).
#pragma once

namespace weft {

/// Prints "file:line: CHECK failed: what" to standard error and aborts with a core file.
[[noreturn]] void check_failed(const char* file, int line, const char* what) noexcept;

}  // namespace weft

#define CHECK(condition) \
  (static_cast<bool>(condition) ? void(0) : ::weft::check_failed(__FILE__, __LINE__, #condition))

#ifdef WEFT_DEBUG
#define DCHECK(condition) CHECK(condition)
#else
#define DCHECK(condition) static_cast<void>(sizeof(condition))
#endif

/// Marks a function that may run in a signal handler: it allocates nothing and takes no lock.
#define SIGNAL_SAFE

// The one header that a tool includes. A tool is a shared library with a class derived from
// weft::Tool, named to WEFT_TOOL(). One object a process, made before the program starts, never
// destroyed. Events come on the threads concerned, several at a time.
#pragma once

#include <cstdint>
#include <string_view>

#include "weft/block.h"
#include "weft/deletion.h"
#include "weft/functions.h"
#include "weft/instruction.h"
#include "weft/options.h"
#include "weft/process.h"
#include "weft/snippet.h"
#include "weft/values.h"
#include "weft/versions.h"

namespace weft {

/// A tool that was built for another version is refused with a message.
inline constexpr uint32_t kApiVersion = 5;

/// Tools in the order of the command line hear of each event one after the other. Events run on the
/// runtime's stack of the thread (some 400 kB) outside the code cache, but for
/// on_fragment_deleted(), which comes on whatever thread deleted; they may use all of C++ and
/// everything here that does not say otherwise. They must not throw out. A tool may have threads of
/// its own: the program's signals pass them by, and the child of a fork has none of them.
class Tool {
 public:
  virtual ~Tool() = default;

  /// One line for `weft run --tool NAME --help`.
  virtual std::string_view summary() const { return ""; }
  virtual void declare(OptionList&) {}

  /// Before the program's first instruction, on its first thread, before on_thread_start().
  virtual void on_start(Process&, const Options&) {}
  /// The process is about to end: by exit (`status` as wait() will show it, shifted), or by a
  /// signal. Other threads may still be running. Not called when it is killed by SIGKILL.
  virtual void on_exit(Process&, int /*status*/) {}
  virtual void on_thread_start(Thread&) {}
  /// The thread is about to end, or the process is: then on the thread that ends it, for each
  /// thread that is left, which may still be running.
  virtual void on_thread_exit(Thread&) {}
  virtual void on_module_load(const Module&) {}
  virtual void on_module_unload(const Module&) {}

  /// A basic block is translated: inspect it, add to it. Called again when the block is built again
  /// after a deletion, and sometimes without the result being used; maybe for the same block on two
  /// threads at once. Must give additions, not count executions. It must not change the program.
  virtual void on_block(Block&) {}
  /// The block `tag` gets a version for `value`, which was none of those known at the start. Once
  /// for each block and value, however many threads met it, before the block is built again; on one
  /// of them, as in a clean call.
  virtual void on_new_case(Versions, Address /*tag*/, int32_t /*value*/) {}
  /// A fragment with several blocks was made; all of them were shown to on_block().
  virtual void on_trace(const FragmentInfo&) {}
  /// Once for each fragment, after no thread can enter it any more; and once more when its memory
  /// is free. May delete others.
  virtual void on_fragment_deleted(const FragmentInfo&) {}
  virtual void on_fragment_reclaimed(const FragmentInfo&) {}

  virtual void on_syscall_before(SystemCall&) {}
  virtual void on_syscall_after(SystemCall&) {}
  virtual void on_signal(const SignalInfo&) {}
  /// In the child, on its only thread.
  virtual void on_fork(Process&, Thread&) {}
  /// The program is about to be replaced; the new one is followed by a new object of the tool. If
  /// execve fails, the program goes on.
  virtual void on_exec(Process&) {}
};

}  // namespace weft

/// Exports `Class` as this library's tool.
// A type's name cannot stand in parentheses. NOLINTBEGIN(bugprone-macro-parentheses)
#define WEFT_TOOL(Class)                                                               \
  extern "C" __attribute__((visibility("default"))) uint32_t weft_tool_api_version() { \
    return ::weft::kApiVersion;                                                        \
  }                                                                                    \
  extern "C" __attribute__((visibility("default"))) ::weft::Tool* weft_make_tool() {   \
    return new Class();                                                                \
  }                                                                                    \
  static_assert(true, "a semicolon follows")
// NOLINTEND(bugprone-macro-parentheses)

// The one header that a tool includes. A tool is a shared library with a class derived from
// weft::Tool, named to WEFT_TOOL(). One object a process, made before the program starts, never
// destroyed. Events come on the threads concerned, several at a time.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <exception>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "weft/block.h"
#include "weft/deletion.h"
#include "weft/functions.h"
#include "weft/instruction.h"
#include "weft/instruction_list.h"
#include "weft/options.h"
#include "weft/process.h"
#include "weft/snippet.h"
#include "weft/values.h"
#include "weft/versions.h"

namespace weft {

/// A tool that was built for another version is refused with a message.
inline constexpr uint32_t kApiVersion = 8;

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
  /// signal (128 and its number, as a shell shows it; Process::death_signal() tells the two apart).
  /// Other threads may still be running, but for Process::stop_others_at_end(). Not called when it
  /// is killed by SIGKILL.
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
  /// What it deletes, by whichever function of Code, dies when the block is made, the block itself
  /// included: the functions then return nothing and 0.
  virtual void on_block(Block&) {}
  /// The block `tag` gets a version for `value`, which was none of those known at the start. Once
  /// for each block and value, however many threads met it, before the block is built again; on one
  /// of them, as in a clean call. All tools hear of it: compare Versions::number().
  virtual void on_new_case(Versions, Address /*tag*/, int32_t /*value*/) {}
  /// A fragment with several blocks was made; all of them were shown to on_block().
  virtual void on_trace(const FragmentInfo&) {}
  /// Once for each fragment, after no thread can enter it any more; and once more when its memory
  /// is free. May delete others. Comes before the function that deletes has returned, on its
  /// thread: a lock that this takes must not be held over it.
  virtual void on_fragment_deleted(const FragmentInfo&) {}
  virtual void on_fragment_reclaimed(const FragmentInfo&) {}

  virtual void on_syscall_before(SystemCall&) {}
  virtual void on_syscall_after(SystemCall&) {}
  /// A signal is about to be delivered. Tools are asked in their order; the first that suppresses
  /// it is the last that is asked, and on_signal() is not called.
  virtual SignalAnswer on_signal_before(const SignalInfo&) { return SignalAnswer::kDeliver; }
  virtual void on_signal(const SignalInfo&) {}
  /// In the child, on its only thread.
  virtual void on_fork(Process&, Thread&) {}
  /// The program is about to be replaced; the new one is followed by a new object of the tool. If
  /// execve fails, the program goes on.
  virtual void on_exec(Process&) {}

  /// Not empty: the code that the tool adds to may be kept in code images, and the next process
  /// goes on with it without on_block() or on_trace(). Tells apart all that the tool may add to one
  /// block: what on_block() adds must depend on the block, on this text and on counters alone, and
  /// on_start() must make the same counters each time. All counters are 0 in the next process.
  /// Blocks with calls or records are not kept. Before on_start().
  virtual std::string image_version(const Options&) const { return {}; }
  /// An image is written: what resume_image() is to know of the code whose addresses are `kept`. It
  /// has the counters (Counter::cell()) that the code adds to: these will have the same addresses.
  virtual std::vector<uint8_t> image_state(Process&, const std::function<bool(Address)>& /*kept*/) {
    return {};
  }
  /// After on_start(), if an image is gone on with. Its code may still turn out to be that of
  /// another file, and never run. `state` stays where it is, at a multiple of 8 bytes; up to 7
  /// zeros are behind it.
  virtual void resume_image(Process&, std::span<const uint8_t> /*state*/) {}
};

}  // namespace weft

namespace weft::internal {

/// Weft's, for the text of an exception that nobody catches. A tool has a C++ library of its own.
inline void (*&exception_keeper())(const char*) {
  static void (*keeper)(const char*) = nullptr;
  return keeper;
}

[[noreturn]] inline void end_by_exception() {
  try {
    if (const std::exception_ptr thrown = std::current_exception()) std::rethrow_exception(thrown);
    exception_keeper()("std::terminate() without one");
  } catch (const std::exception& exception) {
    exception_keeper()(exception.what());
  } catch (...) {
    exception_keeper()("no std::exception");
  }
  std::abort();
}

inline void keep_exceptions(void (*keeper)(const char*)) {
  exception_keeper() = keeper;
  std::set_terminate(end_by_exception);
}

}  // namespace weft::internal

/// Exports `Class` as this library's tool.
// A type's name cannot stand in parentheses. NOLINTBEGIN(bugprone-macro-parentheses)
#define WEFT_TOOL(Class)                                                               \
  extern "C" __attribute__((visibility("default"))) uint32_t weft_tool_api_version() { \
    return ::weft::kApiVersion;                                                        \
  }                                                                                    \
  extern "C" __attribute__((visibility("default"))) void weft_tool_keep_exceptions(    \
      void (*keeper)(const char*)) {                                                   \
    ::weft::internal::keep_exceptions(keeper);                                         \
  }                                                                                    \
  extern "C" __attribute__((visibility("default"))) ::weft::Tool* weft_make_tool() {   \
    return new Class();                                                                \
  }                                                                                    \
  static_assert(true, "a semicolon follows")
// NOLINTEND(bugprone-macro-parentheses)

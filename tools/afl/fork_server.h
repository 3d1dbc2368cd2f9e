// The fork server: forks the program where it stands once for each input that afl-fuzz has, and
// tells how the child ended. One object a process; used by one thread of the program, in clean
// calls.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <csignal>
#include <cstdint>

#include "weft/tool.h"

namespace weft::tools::afl {

/// Blocks that children have translated, for their parent to translate too. Memory that parent and
/// children share; any thread of a child adds.
class TranslationRequests {
 public:
  void start();
  void add(Address tag);
  /// Those that are there, and none then. Nobody adds meanwhile, or what is added may be lost.
  template <typename Visit>
  void take(Visit visit) {
    const uint32_t count = std::min(shared_->count.load(), kMost);
    for (uint32_t i = 0; i < count; ++i) visit(shared_->tags[i]);
    shared_->count.store(0);
  }

 private:
  static constexpr uint32_t kMost = 1 << 16;
  struct Shared {
    std::atomic<uint32_t> count;
    Address tags[kMost];
  };
  Shared* shared_ = nullptr;
};

struct ForkServerOptions {
  uint32_t map_size = 0;
  bool shared_input = false;  ///< the input comes by shared memory
  bool loops = false;         ///< children stop themselves when an input is done
  bool new_protocol = false;
  bool debug = false;
};

class ForkServer {
 public:
  /// Returns in each child, and in the program itself if nobody is there to serve: false then.
  /// `context` is that of the clean call on `thread`.
  bool serve(Process& process, Thread& thread, const ForkServerOptions& options);

  /// In a child: has the parent translate the block, too.
  void note_translated(Address tag) {
    if (is_child_) requests_.add(tag);
  }

 private:
  bool greet(const ForkServerOptions& options);
  bool greet_new(const ForkServerOptions& options);
  pid_t start_child(Process& process, Thread& thread);
  void become_child();
  void translate_requests(Process& process, Thread& thread);
  /// Signals that end the server do so at once, where the program would see them later.
  void let_signals_end();
  void restore_signals();

  TranslationRequests requests_;
  bool is_child_ = false;
  static constexpr int kEnding[] = {SIGTERM, SIGINT, SIGHUP};
  struct sigaction actions_[3] = {};
  sigset_t mask_ = {};
};

}  // namespace weft::tools::afl

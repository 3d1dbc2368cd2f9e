// What a drcontext points to: a thread of the program, or one of a client's own. Owned by Contexts;
// for its own thread unless a member says otherwise.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "core/clean_call.h"
#include "dr_api.h"
#include "weft/tool.h"

namespace weft::dynamorio {

struct Homes;     // core/register_homes.h
struct Prepared;  // core/prepared_call.h

/// Something that is done once, by whoever comes first. Any thread.
class Once {
 public:
  explicit Once(std::function<void()> what) : what_(std::move(what)) {}
  void run() {
    if (!done_.exchange(true)) what_();
  }

 private:
  std::function<void()> what_;
  std::atomic<bool> done_{false};
};

struct Context {
  Thread* thread = nullptr;  ///< null: a client's, or the program's first before it starts
  pid_t id = 0;
  pid_t process = 0;
  void* field = nullptr;       ///< dr_set_tls_field()'s
  SystemCall* call = nullptr;  ///< in the events of a system call
  bool call_is_over = false;   ///< `call` has been made
  bool has_result = false;     ///< the client has said what the program gets
  int64 result = 0;
  bool is_nudge = false;
  bool is_stopped = false;  ///< by another thread, whose it is meanwhile
  bool has_ended = false;   ///< the thread has; its context stays a while, for the exit event
  /// The calls of the block that is being made, which go with it; else they stay.
  bool keeps_calls = false;
  std::vector<std::unique_ptr<CallRecord>> calls;
  std::vector<std::unique_ptr<Homes>> homes;
  /// The state that a call made by hand is made from; null before the first.
  std::unique_ptr<Prepared> prepared;
  /// When the thread, the only one, leaves what it is in.
  std::vector<std::shared_ptr<Once>> when_out;

  Context();
  ~Context();
  int error = 0;

  /// What the program gets of `call`: at once if it has been made, else if it is not made.
  void set_result(int64 value);

  /// Of the calling thread; null: none of the program's and none of a client's.
  static Context* current();
  static void set_current(Context* context);
  /// `drcontext` as clients hand it over: NULL and GLOBAL_DCONTEXT stand for the caller's.
  static Context* of(void* drcontext);
};

/// Those that live. Any thread.
class Contexts {
 public:
  Context& make(Thread* thread, pid_t id);
  /// The one of `thread`, null if there is none.
  Context* find(const Thread& thread);
  void remove(Context& context);
  void remove_ended();
  /// In the child of a fork, where all others are gone: these, to be destroyed.
  std::vector<std::unique_ptr<Context>> take_others(Context& context);
  std::vector<Context*> all();

 private:
  std::mutex mutex_;
  std::vector<std::unique_ptr<Context>> contexts_;  ///< under mutex_
};

}  // namespace weft::dynamorio

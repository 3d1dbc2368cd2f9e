// Who hears of what happens in the engine: code images, the perf map, the tools' host. Each
// overrides what it wants to hear. Events come on the thread concerned, in runtime code, with no
// lock of the engine held.
#pragma once

#include <vector>

#include "base/address.h"
#include "base/fork_locks.h"
#include "cache/fragment.h"

namespace weft::engine {

class Thread;

class Observer {
 public:
  Observer() = default;
  virtual ~Observer() = default;
  Observer(const Observer&) = delete;
  Observer& operator=(const Observer&) = delete;

  virtual void thread_started(Thread& /*thread*/) {}
  virtual void thread_ending(Thread& /*thread*/) {}
  /// `signal`: that it dies by, or 0.
  virtual void process_ending(Thread& /*thread*/, int /*status*/, int /*signal*/) {}
  virtual void exec_starting(Thread& /*thread*/) {}
  /// Around fork: no thread is half-way through a change of the observer's own records.
  virtual void add_fork_locks(ForkLocks& /*locks*/) {}
  /// In the child, whose only thread it is.
  virtual void forked(Thread& /*thread*/) {}

  /// Executable memory appeared or went. After the change.
  virtual void memory_changed(AppRange /*range*/) {}
  /// The caller holds an epoch, so the fragment stays during the call.
  virtual void published(const cache::Fragment& /*fragment*/) {}
};

/// Those of one engine, in the order in which they hear of things. Constant once the program runs.
class Observers {
 public:
  void add(Observer& observer) { all_.push_back(&observer); }
  bool empty() const { return all_.empty(); }

  void thread_started(Thread& thread) const { tell(&Observer::thread_started, thread); }
  void thread_ending(Thread& thread) const { tell(&Observer::thread_ending, thread); }
  void process_ending(Thread& thread, int status, int signal) const {
    tell(&Observer::process_ending, thread, status, signal);
  }
  void exec_starting(Thread& thread) const { tell(&Observer::exec_starting, thread); }
  void add_fork_locks(ForkLocks& locks) const { tell(&Observer::add_fork_locks, locks); }
  void forked(Thread& thread) const { tell(&Observer::forked, thread); }
  void memory_changed(AppRange range) const { tell(&Observer::memory_changed, range); }
  void published(const cache::Fragment& fragment) const { tell(&Observer::published, fragment); }

 private:
  template <class... Takes, class... Arguments>
  void tell(void (Observer::*event)(Takes...), Arguments&... arguments) const {
    for (Observer* const each : all_) (each->*event)(arguments...);
  }

  std::vector<Observer*> all_;
};

}  // namespace weft::engine

// The lock of the table of actions, for the files that implement SignalServices.
#pragma once

#include "linux/signal/services.h"

namespace weft::linux {

class SCOPED_CAPABILITY SignalServices::ActionsLock {
 public:
  // A table of the thread's own needs no lock, which the compiler cannot know.
  ActionsLock(SignalServices& services, const ProgramThread& thread)
      ACQUIRE(services.lock_) NO_THREAD_SAFETY_ANALYSIS
      : services_(services),
        locks_(thread.signals->own_actions == nullptr) {
    if (locks_) services_.lock_.lock();
  }
  ~ActionsLock() RELEASE() NO_THREAD_SAFETY_ANALYSIS {
    if (locks_) services_.lock_.unlock();
  }
  ActionsLock(const ActionsLock&) = delete;
  ActionsLock& operator=(const ActionsLock&) = delete;

 private:
  SignalServices& services_;
  const bool locks_;
};

}  // namespace weft::linux

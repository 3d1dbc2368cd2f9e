// --perf-map: names the cache's code for `perf report`, in /tmp/perf-PID.map, one line for each
// stretch of code: start, size, name. Names of code that was deleted stay, so where its memory is
// used again, samples may be given to either. Any thread, by its own lock; not signal-safe.
#pragma once

#include <string>

#include "base/spin_lock.h"
#include "cache/epochs.h"
#include "cache/fragment.h"
#include "engine/cache_set.h"
#include "engine/observer.h"
#include "linux/memory/address_space.h"

namespace weft::engine {

class PerfMap final : public Observer {
 public:
  /// `goes_on`: the process has a map already, from the program that execve replaced.
  PerfMap(const linux::AddressSpace& space, const CacheSet& caches, cache::Epochs& epochs,
          bool goes_on);

  /// Everything from the start of code memory to the first fragment.
  void add_routines(AppRange code);
  // Observer
  void published(const cache::Fragment& fragment) override {
    if (fragment.kind() != cache::FragmentKind::kProbe) add(fragment);
  }
  void process_ending(Thread& /*thread*/, int /*status*/, int /*signal*/) override { flush(); }
  void exec_starting(Thread& /*thread*/) override { flush(); }
  void add_fork_locks(ForkLocks& locks) override { locks.add(lock_); }
  /// The child has a file of its own: names all that it inherited.
  void forked(Thread& thread) override;

 private:
  void add(const cache::Fragment& fragment);
  /// What is known so far is in the file when this returns. A file that cannot be written is told
  /// of once, on standard error.
  void flush();
  void add_line(uint64_t start, uint64_t size, const std::string& name);
  void flush_locked() REQUIRES(lock_);
  /// The module and the offset in it, as other tools name places that have no symbol.
  std::string place_of(AppPc pc) const;

  const linux::AddressSpace& space_;
  const CacheSet& caches_;
  cache::Epochs& epochs_;
  SpinLock<LockRank::kPerfMap> lock_;
  std::string lines_ GUARDED_BY(lock_);  ///< not written yet
  bool goes_on_ GUARDED_BY(lock_);       ///< the file is added to
  bool failed_ GUARDED_BY(lock_) = false;
};

}  // namespace weft::engine

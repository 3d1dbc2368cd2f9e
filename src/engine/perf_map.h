// --perf-map: names the cache's code for `perf report`, in /tmp/perf-PID.map, one line for each
// stretch of code: start, size, name. Names of code that was deleted stay, so where its memory is
// used again, samples may be given to either. Any thread, by its own lock; not signal-safe.
#pragma once

#include <string>

#include "base/spin_lock.h"
#include "cache/fragment.h"
#include "engine/cache_set.h"
#include "linux/memory/address_space.h"

namespace weft::engine {

class PerfMap {
 public:
  /// `goes_on`: the process has a map already, from the program that execve replaced.
  PerfMap(const linux::AddressSpace& space, bool goes_on);

  /// Everything from the start of code memory to the first fragment.
  void add_routines(AppRange code);
  /// The caller holds an epoch.
  void add(const cache::Fragment& fragment);
  /// What is known so far is in the file when this returns. A file that cannot be written is told
  /// of once, on standard error.
  void flush();

  void lock_for_fork() { lock_.lock(); }
  void unlock_after_fork() { lock_.unlock(); }
  /// In a forked child, which has a file of its own: names all that it inherited.
  void begin_again(const CacheSet& caches);

 private:
  void add_line(uint64_t start, uint64_t size, const std::string& name);
  void flush_locked();
  /// The module and the offset in it, as other tools name places that have no symbol.
  std::string place_of(AppPc pc) const;

  const linux::AddressSpace& space_;
  SpinLock lock_;
  std::string lines_;  ///< not written yet; under lock_
  bool goes_on_;       ///< the file is added to; under lock_
  bool failed_ = false;
};

}  // namespace weft::engine

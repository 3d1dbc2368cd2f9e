// The program's modules, from what is mapped executable. Owned by the host; any thread, short lock.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "base/fork_locks.h"
#include "base/spin_lock.h"
#include "linux/memory/address_space.h"
#include "weft/process.h"

namespace weft::tool {

class Modules {
 public:
  struct Change {
    const Module* module;
    bool loaded;
  };

  /// Looks again at what is mapped in `range`; returns what appeared and what went. By address, but
  /// for the module at the path `first`.
  std::vector<Change> update(const linux::AddressSpace& space, AppRange range,
                             std::string_view first = {});
  std::vector<const Module*> all() const;
  const Module* at(Address address) const;

  void add_fork_locks(ForkLocks& locks) { locks.add(lock_); }

 private:
  struct Entry {
    std::unique_ptr<Module> module;
    AppRange text;  ///< the executable mapping by which it was noticed
  };

  static std::optional<Entry> describe(const linux::AddressSpace& space,
                                       const linux::Mapping& text);

  mutable SpinLock<LockRank::kModules> lock_;
  std::deque<Entry> entries_ GUARDED_BY(lock_);
};

}  // namespace weft::tool

// Which versions blocks have, and which they get while the program runs. Owned by the host; any
// thread, but for add(), which is for the start. Not signal-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/address.h"
#include "base/fork_locks.h"
#include "base/spin_lock.h"
#include "translate/instrument.h"
#include "weft/versions.h"

namespace weft::tool {

struct VersionSet {
  translate::Word selector;
  VersionOptions options;
};

/// The cases of one block, as they are when it is translated.
struct BlockCases {
  std::vector<int32_t> values;
  /// Counts the runs of the default version down; null if there will be no further cases.
  uint64_t* countdown = nullptr;
};

class CaseTable {
 public:
  /// Makes a word for a countdown.
  using NewWord = std::function<uint64_t*()>;

  Versions add(VersionSet set);
  size_t size() const { return sets_.size(); }
  const VersionSet& set(Versions versions) const { return sets_[versions.number()]; }

  /// The number of a set's first fixed value; 0: it has none.
  uint8_t fixed_name(Versions versions) const;
  /// What decides on a version: a set, and its value.
  struct Outcome {
    uint32_t set;
    int32_t value;
    auto operator<=>(const Outcome&) const = default;
  };
  /// The number of the versions with these outcomes, by which exits know of them; 0: there are no
  /// more numbers. The first value of a set with fixed ones has, alone, the set's own.
  uint8_t name_of(std::vector<Outcome> outcomes);

  BlockCases cases_of(Versions versions, AppPc tag, const NewWord& new_word);
  enum class Meeting : uint8_t {
    kNew,    ///< the block did not have the value, and has it now
    kKnown,  ///< it has it, and code that does not is to be replaced
    kNone,   ///< it does not get it; or its version did not fit, time and again
  };
  /// The countdown of `tag` is over, with `value` in the word, and begins again.
  Meeting met(Versions versions, AppPc tag, int64_t value);
  /// Gives the value to a block that has been translated before. True if it did not have it.
  bool spread(Versions versions, AppPc tag, int32_t value);

  /// Whether the block at `tag` has been made with all its versions, or is about to be.
  bool is_complete(AppPc tag);
  void complete(AppPc tag);

  void add_fork_locks(ForkLocks& locks) { locks.add(lock_); }

 private:
  struct Met {
    std::vector<int32_t> values;  ///< sorted, so that neighbours that met the same are alike
    uint64_t* countdown = nullptr;
    uint32_t known = 0;  ///< meetings of that kind since the last new value
  };
  using Key = std::pair<uint32_t, uint64_t>;

  bool is_full(const VersionSet& set, const Met& met) const;
  bool insert(const VersionSet& set, Met& met, int32_t value);

  std::vector<VersionSet> sets_;  ///< constant once the program runs
  SpinLock<LockRank::kCases> lock_;
  std::map<Key, Met> met_ GUARDED_BY(lock_);
  std::map<std::vector<Outcome>, uint8_t> names_ GUARDED_BY(lock_);  ///< by outcomes in order
  std::unordered_set<uint64_t> complete_ GUARDED_BY(lock_);          ///< tags
};

}  // namespace weft::tool

// Which slots of program memory have had one target only. A call through a slot is translated as a
// direct one while the slot keeps its target. A slot whose target has changed once is not worth
// that: the next change would delete the code again. So would each process that has the code from
// an image and enters the slot's module before the loader has written the slot, as it does with
// its own and with libc's. Any thread; touches one page.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "base/address.h"

namespace weft::engine {

class SteadySlots {
 public:
  /// Notes that `slot` has `target` now. False if it is known to have had another one.
  bool note(AppPc slot, AppPc target);
  /// From here on `slot` is known to change.
  void note_change(AppPc slot);

 private:
  /// Few: what is forgotten costs a deletion, no more. Threads that write to one entry at once may
  /// mix it up, with the same price.
  static constexpr size_t kEntries = 256;
  static constexpr uint64_t kChanges = 1;  ///< in place of a target

  struct Entry {
    std::atomic<uint64_t> slot{0};
    std::atomic<uint64_t> target{0};
  };

  Entry& entry_of(AppPc slot) { return entries_[slot.value / sizeof slot.value % kEntries]; }

  std::array<Entry, kEntries> entries_;
};

}  // namespace weft::engine

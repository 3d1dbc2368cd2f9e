// A label for each byte of the program's memory. Owned by the tool; any thread: labels of bytes
// that threads race for are those of one of them.
#pragma once

#include "taintlite/labels.h"

namespace weft::tools {

class Shadow {
 public:
  Shadow();

  LIGHT Label get(uint64_t address) const {
    const Label* page = find(address >> kPageBits);
    return page == nullptr ? 0 : page[address % kPageBytes];
  }
  LIGHT void set(uint64_t address, Label label) {
    Label* page = label == 0 ? find(address >> kPageBits) : find_or_add(address >> kPageBits);
    if (page != nullptr) page[address % kPageBytes] = label;
  }
  /// Whether any byte of [address, address + bytes) is tainted.
  LIGHT bool any(uint64_t address, uint64_t bytes) const;
  /// Takes the taint from [address, address + bytes).
  LIGHT void clear(uint64_t address, uint64_t bytes);
  /// Tainted memory beyond what there is room for was taken as not tainted.
  bool overflowed() const { return overflowed_; }
  void unlock_in_child() { lock_ = {}; }

 private:
  static constexpr uint64_t kPageBits = 12;
  static constexpr uint64_t kPageBytes = 1u << kPageBits;
  static constexpr uint64_t kSlotBits = 18;
  static constexpr uint64_t kSlots = 1u << kSlotBits;
  static constexpr uint64_t kPages = kSlots / 2;
  struct Slot {
    uint64_t page = 0;  ///< its number + 1; written behind `labels`
    Label* labels = nullptr;
  };

  LIGHT static uint64_t slot_of(uint64_t page) {
    return (page * 0x9E3779B97F4A7C15) >> (64 - kSlotBits);
  }
  LIGHT Label* find(uint64_t page) const {
    for (uint64_t at = slot_of(page);; at = (at + 1) % kSlots) {
      const uint64_t there = __atomic_load_n(&slots_[at].page, __ATOMIC_ACQUIRE);
      if (there == page + 1) return slots_[at].labels;
      if (there == 0) return nullptr;
    }
  }
  LIGHT Label* find_or_add(uint64_t page);

  Slot* slots_;
  Label* labels_;
  uint64_t pages_ = 0;
  bool overflowed_ = false;
  LightLock lock_;
};

}  // namespace weft::tools

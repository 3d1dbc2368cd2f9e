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
    if (label != 0) note(address);
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

  /// An access of up to 64 bytes at `address` meets no taint if the byte of filter() of this number
  /// is 0; if it is not, it may.
  static uint64_t filter_index(uint64_t address) {
    return address >> kLineBits & (kFilterBytes - 1);
  }
  const uint8_t* filter() const { return filter_; }
  static constexpr uint64_t kLineBits = 6;
  static constexpr uint64_t kFilterBytes = 1u << 22;

 private:
  /// Before the byte gets its label, so that whoever sees the one sees the other.
  LIGHT void note(uint64_t address) {
    constexpr uint64_t kLongest = 64;
    // Accesses that start so far before it reach it.
    __atomic_store_n(&filter_[address >> kLineBits & (kFilterBytes - 1)], 1, __ATOMIC_RELEASE);
    __atomic_store_n(&filter_[(address - (kLongest - 1)) >> kLineBits & (kFilterBytes - 1)], 1,
                     __ATOMIC_RELEASE);
  }

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
  uint8_t* filter_;  ///< what was once tainted stays noted
  uint64_t pages_ = 0;
  bool overflowed_ = false;
  LightLock lock_;
};

}  // namespace weft::tools

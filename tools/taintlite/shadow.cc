#include "taintlite/shadow.h"

namespace weft::tools {

Shadow::Shadow()
    : slots_(static_cast<Slot*>(reserve_memory(kSlots * sizeof(Slot)))),
      labels_(static_cast<Label*>(reserve_memory(kPages * kPageBytes * sizeof(Label)))),
      filter_(static_cast<uint8_t*>(reserve_memory(kFilterBytes))) {}

LIGHT Label* Shadow::find_or_add(uint64_t page) {
  Label* labels = find(page);
  if (labels != nullptr) return labels;
  lock_.lock();
  labels = find(page);
  if (labels == nullptr && pages_ == kPages) overflowed_ = true;
  if (labels == nullptr && pages_ < kPages) {
    uint64_t at = slot_of(page);
    while (slots_[at].page != 0) at = (at + 1) % kSlots;
    labels = labels_ + pages_++ * kPageBytes;
    slots_[at].labels = labels;
    __atomic_store_n(&slots_[at].page, page + 1, __ATOMIC_RELEASE);
  }
  lock_.unlock();
  return labels;
}

LIGHT bool Shadow::any(uint64_t address, uint64_t bytes) const {
  const uint64_t end = address + bytes;
  while (address < end) {
    const uint64_t page_end = (address | (kPageBytes - 1)) + 1;
    const uint64_t until = page_end < end ? page_end : end;
    const Label* page = find(address >> kPageBits);
    if (page != nullptr) {
      for (uint64_t at = address; at < until; ++at) {
        if (page[at % kPageBytes] != 0) return true;
      }
    }
    address = until;
  }
  return false;
}

LIGHT void Shadow::clear(uint64_t address, uint64_t bytes) {
  const uint64_t end = address + bytes;
  while (address < end) {
    const uint64_t page_end = (address | (kPageBytes - 1)) + 1;
    const uint64_t until = page_end < end ? page_end : end;
    Label* page = find(address >> kPageBits);
    if (page != nullptr) {
      for (uint64_t at = address; at < until; ++at) {
        if (page[at % kPageBytes] != 0) page[at % kPageBytes] = 0;
      }
    }
    address = until;
  }
}

}  // namespace weft::tools

#include "engine/steady_slots.h"

namespace weft::engine {

bool SteadySlots::note(AppPc slot, AppPc target) {
  Entry& entry = entry_of(slot);
  const uint64_t known = entry.target.load(std::memory_order_relaxed);
  if (entry.slot.load(std::memory_order_relaxed) == slot.value) {
    if (known == target.value) return true;
    note_change(slot);
    return false;
  }
  // Another slot that changes keeps its entry.
  if (known == kChanges) return true;
  entry.slot.store(slot.value, std::memory_order_relaxed);
  entry.target.store(target.value, std::memory_order_relaxed);
  return true;
}

void SteadySlots::note_change(AppPc slot) {
  Entry& entry = entry_of(slot);
  entry.slot.store(slot.value, std::memory_order_relaxed);
  entry.target.store(kChanges, std::memory_order_relaxed);
}

}  // namespace weft::engine

#include "cache/epochs.h"

#include <algorithm>

namespace weft::cache {

void Epochs::register_slot(EpochSlot& slot) {
  const std::lock_guard held(lock_);
  slots_.push_back(&slot);
}

void Epochs::unregister_slot(EpochSlot& slot) {
  CHECK(slot.announced.load(std::memory_order_relaxed) == 0);
  const std::lock_guard held(lock_);
  std::erase(slots_, &slot);
}

uint64_t Epochs::oldest_active() const {
  uint64_t oldest = epoch_.load(std::memory_order_seq_cst);
  const auto consider = [&oldest](const std::atomic<uint64_t>& announced) {
    // Sequentially consistent: pairs with enter().
    const uint64_t value = announced.load(std::memory_order_seq_cst);
    if (value != 0) oldest = std::min(oldest, value);
  };
  const std::lock_guard held(lock_);
  for (const EpochSlot* slot : slots_) consider(slot->announced);
  for (const Pin& pin : pins_) consider(pin.announced);
  return oldest;
}

void Epochs::for_each_holding(uint64_t stamp,
                              const std::function<void(EpochSlot&)>& visit) const {
  const std::lock_guard held(lock_);
  for (EpochSlot* slot : slots_) {
    const uint64_t value = slot->announced.load(std::memory_order_seq_cst);
    if (value != 0 && value <= stamp) visit(*slot);
  }
}

void Epochs::unlock_after_fork(bool child, EpochSlot* survivor) {
  if (child) {
    slots_.clear();
    if (survivor != nullptr) slots_.push_back(survivor);
    for (Pin& pin : pins_) pin.announced.store(0, std::memory_order_relaxed);
  }
  lock_.unlock();
}

EpochGuard::EpochGuard(Epochs& epochs) {
  // Where the search starts only spreads threads over the pins; the stack's address does.
  size_t index = (reinterpret_cast<uintptr_t>(this) >> 12) % Epochs::kPins;
  for (;; index = (index + 1) % Epochs::kPins) {
    uint64_t free = 0;
    const uint64_t now = epochs.epoch_.load(std::memory_order_seq_cst);
    pin_ = &epochs.pins_[index];
    if (pin_->announced.compare_exchange_strong(free, now, std::memory_order_seq_cst)) return;
    __builtin_ia32_pause();
  }
}

EpochGuard::~EpochGuard() { pin_->announced.store(0, std::memory_order_release); }

}  // namespace weft::cache

#include "cache/epochs.h"

#include <algorithm>

#include "base/check.h"
#include "cache/stripe.h"

namespace weft::cache {

void Epochs::register_thread(EpochSlot& slot) {
  Locked held(lock_);
  CHECK(std::find(slots_.begin(), slots_.end(), &slot) == slots_.end());
  slots_.push_back(&slot);
}

void Epochs::unregister_thread(EpochSlot& slot) {
  CHECK(slot.depth == 0);
  Locked held(lock_);
  const auto found = std::find(slots_.begin(), slots_.end(), &slot);
  CHECK(found != slots_.end());
  *found = slots_.back();
  slots_.pop_back();
}

void Epochs::enter(EpochSlot& slot) {
  if (slot.depth++ != 0) return;
  // Sequentially consistent: the announcement must be seen by a reclaimer that scans the slots
  // before this thread reads anything that the reclaimer may have made unreachable. An epoch that
  // has passed by the time it is announced only delays reclamation.
  slot.announced.store(current_.load(std::memory_order_relaxed), std::memory_order_seq_cst);
}

void Epochs::leave(EpochSlot& slot) {
  CHECK(slot.depth != 0);
  if (--slot.depth != 0) return;
  // Release: what the thread did with what it reached comes before its memory is reused.
  slot.announced.store(0, std::memory_order_release);
}

uint64_t Epochs::advance() {
  // Sequentially consistent: the other half of enter(); the unlinking before it must not be delayed
  // beyond the scan of the slots after it.
  return current_.fetch_add(1, std::memory_order_seq_cst) + 1;
}

uint64_t Epochs::min_active() {
  uint64_t oldest = kNobody;
  const auto note = [&oldest](const std::atomic<uint64_t>& announced) {
    const uint64_t epoch = announced.load(std::memory_order_seq_cst);
    if (epoch != 0) oldest = std::min(oldest, epoch);
  };
  for (const auto& announced : anonymous_) note(announced);
  Locked held(lock_);
  for (const EpochSlot* slot : slots_) note(slot->announced);
  return oldest;
}

uint64_t Epochs::freeable() {
  // Before the scan: something retired while it goes on may have been reached by a thread that came
  // after its slot was looked at.
  const uint64_t limit = current();
  return std::min(limit, min_active());
}

void Epochs::for_each_older(uint64_t epoch, const std::function<void(EpochSlot&)>& visit) {
  Locked held(lock_);
  for (EpochSlot* slot : slots_) {
    const uint64_t announced = slot->announced.load(std::memory_order_seq_cst);
    if (announced != 0 && announced < epoch) visit(*slot);
  }
}

void Epochs::settle() { const Locked held(lock_); }

size_t Epochs::registered() const {
  Locked held(lock_);
  return slots_.size();
}

void Epochs::forked(EpochSlot& mine) {
  const Locked held(lock_);
  std::erase_if(slots_, [&mine](const EpochSlot* slot) { return slot != &mine; });
  for (auto& announced : anonymous_) announced.store(0, std::memory_order_relaxed);
}

std::atomic<uint64_t>& Epochs::claim_anonymous() {
  // A thread starts at a line of its own; a full table is waited out, its holders being short.
  for (uint32_t i = stripe_of_caller() * kAnonymousPerLine;; i = (i + 1) % kAnonymous) {
    uint64_t free = 0;
    const uint64_t epoch = current_.load(std::memory_order_relaxed);
    if (anonymous_[i].load(std::memory_order_relaxed) == 0 &&
        anonymous_[i].compare_exchange_strong(free, epoch, std::memory_order_seq_cst)) {
      return anonymous_[i];
    }
  }
}

EpochGuard::EpochGuard(Epochs& epochs) : epochs_(epochs), anonymous_(&epochs.claim_anonymous()) {}

EpochGuard::EpochGuard(Epochs& epochs, EpochSlot& slot) : epochs_(epochs), slot_(&slot) {
  epochs_.enter(slot);
}

EpochGuard::~EpochGuard() {
  if (slot_ != nullptr) {
    epochs_.leave(*slot_);
  } else {
    anonymous_->store(0, std::memory_order_release);
  }
}

}  // namespace weft::cache

#include "tool/thread_view.h"

#include "base/check.h"
#include "engine/engine.h"

namespace weft::tool {
namespace {

uint64_t address_of(const std::unique_ptr<uint8_t[]>& memory) {
  return reinterpret_cast<uint64_t>(memory.get());
}

}  // namespace

ThreadView::ThreadView(engine::Thread& thread, uint32_t number,
                       const std::vector<BufferSpec>& buffers, const Selectors& selectors)
    : thread_(thread),
      number_(number),
      buffers_(buffers),
      selectors_(selectors),
      data_(kThreadKeys) {
  for (const BufferSpec& buffer : buffers_) {
    memory_.push_back(std::make_unique_for_overwrite<uint8_t[]>(buffer.bytes));
    word(buffer.layout.position) = address_of(memory_.back());
    word(buffer.layout.limit) = 0 - (address_of(memory_.back()) + buffer.bytes);
  }
}

uint64_t ThreadView::get(ThreadCounter counter) const {
  CHECK(counter.slot() < kThreadCounters);
  return __atomic_load_n(&word(counter.slot()), __ATOMIC_RELAXED);
}

void ThreadView::set(ThreadCounter counter, uint64_t value) {
  CHECK(counter.slot() < kThreadCounters);
  __atomic_store_n(&word(counter.slot()), value, __ATOMIC_RELAXED);
  // Code that knows what its own thread does links version to version, past the word.
  if (!selectors_.test(counter.slot()) || pthread_equal(self_, pthread_self()) != 0) return;
  engine::Engine::have_enter_again(thread_);
}

uint64_t ThreadView::get(Tally tally) const {
  CHECK(tally.slot() < kTallies);
  uint64_t sum = 0;
  for (uint32_t part = 0; part < kTallyParts; ++part) {
    sum += __atomic_load_n(&word(tally_word(tally, part)), __ATOMIC_RELAXED);
  }
  return sum;
}

void ThreadView::reset(Tally tally) {
  CHECK(tally.slot() < kTallies);
  for (uint32_t part = 0; part < kTallyParts; ++part) {
    __atomic_store_n(&word(tally_word(tally, part)), 0, __ATOMIC_RELAXED);
  }
}

uint64_t* ThreadView::cell(ThreadCounter counter) {
  CHECK(counter.slot() < kThreadCounters);
  return &word(counter.slot());
}

void*& ThreadView::data(uint32_t key) {
  CHECK(key < data_.size());
  return data_[key];
}

void ThreadView::flush_held(size_t number) {
  const BufferSpec& buffer = buffers_[number];
  const uint64_t start = address_of(memory_[number]);
  const uint64_t end = __atomic_load_n(&word(buffer.layout.position), __ATOMIC_RELAXED);
  if (end > start && !closed_) {
    buffer.flush(*this, memory_[number].get(), end - start, buffer.argument);
  }
}

void ThreadView::flush(Buffer buffer) {
  CHECK(buffer.number() < memory_.size());
  const Locked held(flush_lock_);
  flush_held(buffer.number());
  word(buffers_[buffer.number()].layout.position) = address_of(memory_[buffer.number()]);
}

void ThreadView::close_buffers() {
  const Locked held(flush_lock_);
  // The position stays the owner's: it may be about to write there.
  for (size_t number = 0; number < memory_.size(); ++number) flush_held(number);
  closed_ = true;
}

void ThreadView::empty_buffers() {
  for (size_t number = 0; number < memory_.size(); ++number) {
    word(buffers_[number].layout.position) = address_of(memory_[number]);
  }
}

}  // namespace weft::tool

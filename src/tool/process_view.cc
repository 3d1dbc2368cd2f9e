// The host as tools see the process.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <mutex>

#include "engine/engine.h"
#include "linux/sys_program_memory.h"
#include "tool/host.h"
#include "tool/mistake.h"

namespace weft::tool {
namespace {

/// Copies page by page, as far as it goes.
template <typename Copy>
size_t copy_pages(uint64_t address, size_t bytes, Copy copy) {
  size_t done = 0;
  while (done < bytes) {
    const uint64_t at = address + done;
    const size_t piece = std::min<uint64_t>(bytes - done, page_down(at) + kPageSize - at);
    if (!copy(at, done, piece)) break;
    done += piece;
  }
  return done;
}

}  // namespace

pid_t Host::id() const { return getpid(); }

void Host::fail(std::string_view message) {
  stop_for_tool(starting_.empty() ? tools_.front().name : starting_, message);
}

uint64_t* Host::new_word() {
  const uint64_t index = next_counter_.fetch_add(1);
  if (index * sizeof(uint64_t) >= words_.size()) {
    stop_for_tool(starting_, "no room for more counters");
  }
  return reinterpret_cast<uint64_t*>(words_.start.value + index * sizeof(uint64_t));
}

Counter Host::new_counter() { return Counter(new_word()); }

ThreadCounter Host::new_thread_counter() {
  const uint32_t slot = next_thread_counter_.fetch_add(1);
  if (slot >= kThreadCounters) stop_for_tool(starting_, "no more thread counters");
  return ThreadCounter(slot);
}

Tally Host::new_tally() {
  const uint32_t slot = next_tally_.fetch_add(1);
  if (slot >= kTallies) stop_for_tool(starting_, "no more tallies");
  return Tally(slot);
}

uint64_t Host::sum(ThreadCounter counter) {
  const std::lock_guard held(lock_);
  uint64_t total = ended_counts_[counter.slot()];
  for (const auto& thread : threads_) total += thread->get(counter);
  return total;
}

void Host::reset(ThreadCounter counter) {
  const std::lock_guard held(lock_);
  ended_counts_[counter.slot()] = 0;
  for (const auto& thread : threads_) thread->set(counter, 0);
}

uint64_t Host::sum(Tally tally) {
  const std::lock_guard held(lock_);
  uint64_t total = ended_tallies_[tally.slot()];
  for (const auto& thread : threads_) total += thread->get(tally);
  return total;
}

void Host::reset(Tally tally) {
  const std::lock_guard held(lock_);
  ended_tallies_[tally.slot()] = 0;
  for (const auto& thread : threads_) thread->reset(tally);
}

Buffer Host::new_buffer(size_t record_bytes, size_t records, FlushFunction flush, void* argument) {
  constexpr size_t kLargest = size_t{1} << 30;
  if (starting_.empty()) fail("new_buffer() is for on_start()");
  if (buffers_.size() == kMostBuffers) fail("no more than 16 buffers");
  if (record_bytes == 0 || records == 0 || flush == nullptr || records > kLargest / record_bytes) {
    fail("new_buffer() with a size that is none, or without a callback");
  }
  const auto number = static_cast<uint32_t>(buffers_.size());
  BufferSpec buffer;
  buffer.layout.record_bytes = static_cast<uint32_t>(record_bytes);
  buffer.layout.position = kThreadCounters + 2 * number;
  buffer.layout.limit = kThreadCounters + 2 * number + 1;
  buffer.bytes = record_bytes * records;
  buffer.flush = flush;
  buffer.argument = argument;
  buffers_.push_back(buffer);
  return Buffer(number);
}

uint32_t Host::new_thread_key() {
  if (starting_.empty()) fail("new_thread_key() is for on_start()");
  return next_key_.fetch_add(1);
}

size_t Host::read_memory(Address from, void* to, size_t bytes) {
  return copy_pages(from, bytes, [&](uint64_t at, size_t done, size_t piece) {
    return linux::read_program(static_cast<uint8_t*>(to) + done, at, piece);
  });
}

size_t Host::write_memory(Address to, const void* from, size_t bytes) {
  return copy_pages(to, bytes, [&](uint64_t at, size_t done, size_t piece) {
    return linux::write_program(at, static_cast<const uint8_t*>(from) + done, piece);
  });
}

int Host::error_stream() { return engine_->error_stream(); }

std::string Host::output_name(std::string_view pattern) {
  std::string name;
  for (size_t i = 0; i < pattern.size(); ++i) {
    const char next = i + 1 < pattern.size() ? pattern[i + 1] : '\0';
    if (pattern[i] != '%' || (next != 'p' && next != '%')) {
      name += pattern[i];
      continue;
    }
    name += next == 'p' ? std::to_string(getpid()) : "%";
    ++i;
  }
  return name;
}

}  // namespace weft::tool

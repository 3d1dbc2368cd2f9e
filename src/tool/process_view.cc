// The host as tools see the process.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "engine/dispatcher.h"
#include "engine/engine.h"
#include "linux/kernel/program_memory.h"
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

MemoryArea area_of(const linux::Mapping& mapping) {
  constexpr int kRead = 1;
  constexpr int kWrite = 2;
  constexpr int kExecute = 4;
  MemoryArea area;
  area.range = {mapping.range.start.value, mapping.range.end.value};
  area.readable = (mapping.prot & kRead) != 0;
  area.writable = (mapping.prot & kWrite) != 0;
  area.executable = (mapping.prot & kExecute) != 0;
  if (mapping.file) area.path = mapping.file->path;
  switch (mapping.label) {
    case linux::Label::kNone:
      break;
    case linux::Label::kHeap:
      area.path = "[heap]";
      break;
    case linux::Label::kStack:
      area.path = "[stack]";
      break;
    case linux::Label::kVdso:
      area.path = "[vdso]";
      break;
    case linux::Label::kVvar:
      area.path = "[vvar]";
      break;
  }
  return area;
}

}  // namespace

pid_t Host::id() const { return getpid(); }

void Host::fail(std::string_view message) {
  const bool runs = starting_.empty() && engine_ != nullptr && engine_->on_program_thread();
  const std::string_view running =
      runs ? running_tool(engine::Thread::current()) : std::string_view(starting_);
  stop_for_tool(running.empty() ? std::string_view(tools_.front().name) : running, message);
}

void Host::exit(int status) {
  const std::vector<ThreadView*> all = views();
  if (!all.empty()) engine_->process_ending(all.front()->thread().program, status);
  _exit(status);
}

uint64_t* Host::new_words(size_t count, size_t alignment) {
  // The region begins with a page, so that an index is as aligned as its address.
  uint64_t first = 0;
  uint64_t taken = next_counter_.load();
  do {
    first = (taken + alignment - 1) / alignment * alignment;
    if ((first + count) * sizeof(uint64_t) > words_.size()) {
      stop_for_tool(starting_.empty() ? tools_.front().name : starting_,
                    "no room for more counters and memory near the code");
    }
  } while (!next_counter_.compare_exchange_weak(taken, first + count));
  return reinterpret_cast<uint64_t*>(words_.start.value) + first;
}

Counter Host::new_counter() { return Counter(new_word()); }

bool Host::stop_others(uint64_t timeout_ns, std::vector<Thread*>& stopped) {
  stopped.clear();
  if (!stop_.stop(current_view(), timeout_ns)) return false;
  for (ThreadView* each : stop_.stopped()) stopped.push_back(each);
  return true;
}

std::jmp_buf* Host::land_faults_at(std::jmp_buf* landing) {
  return current() == nullptr ? nullptr : std::exchange(this->landing(), landing);
}

std::jmp_buf*& Host::landing() {
  ThreadView* const view = current_view();
  return view == nullptr ? first_landing_ : view->landing;
}

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
  const Locked held(lock_);
  uint64_t total = ended_counts_[counter.slot()];
  for (const auto& thread : threads_) total += thread->get(counter);
  return total;
}

void Host::reset(ThreadCounter counter) {
  const Locked held(lock_);
  ended_counts_[counter.slot()] = 0;
  for (const auto& thread : threads_) thread->set(counter, 0);
}

uint64_t Host::sum(Tally tally) {
  const Locked held(lock_);
  uint64_t total = ended_tallies_[tally.slot()];
  for (const auto& thread : threads_) total += thread->get(tally);
  return total;
}

void Host::reset(Tally tally) {
  const Locked held(lock_);
  ended_tallies_[tally.slot()] = 0;
  for (const auto& thread : threads_) thread->reset(tally);
}

Buffer Host::new_buffer(size_t record_bytes, size_t records, FlushFunction flush, void* argument) {
  constexpr size_t kLargest = size_t{1} << 30;
  if (starting_.empty()) fail("new_buffer() is for on_start()");
  if (buffers_.size() == kMostBuffers) fail("new_buffer(): no more than 16 for all tools together");
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
  const uint32_t key = next_key_.fetch_add(1);
  if (key >= kThreadKeys) fail("new_thread_key(): no more than 1,024 for all tools together");
  return key;
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

pid_t Host::fork_program(Thread& thread) {
  auto& view = static_cast<ThreadView&>(thread);
  return static_cast<pid_t>(engine_->emulator().fork(view.thread().program));
}

bool Host::translate(Thread& thread, Address tag) {
  return engine::Dispatcher(*engine_, static_cast<ThreadView&>(thread).thread()).build_ahead({tag});
}

std::optional<MemoryArea> Host::memory_at(Address address) {
  const std::optional<linux::Mapping> mapping = engine_->space().find({address});
  if (!mapping || mapping->owner != linux::Owner::kProgram) return std::nullopt;
  return area_of(*mapping);
}

std::optional<MemoryArea> Host::memory_from(Address address) {
  const AppRange above{{address}, {~uint64_t{0}}};
  const auto mapping = engine_->space().first_overlap(above, linux::Owner::kProgram);
  if (!mapping) return std::nullopt;
  return area_of(*mapping);
}

int Host::keep_descriptor(int fd) { return engine_->emulator().keep_descriptor(fd); }

void Host::release_descriptor(int fd) { engine_->emulator().release_descriptor(fd); }

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

// Makes blocks record their memory accesses, and writes what they record to a trace. Owned by the
// tool; any thread.
//
// Code appends the address and the number of its site to the thread's buffer; what a site is (the
// instruction's address, size, load or store) is looked up when the buffer is written out.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "common/memtrace_encoder.h"
#include "common/sites.h"
#include "common/trace_file.h"
#include "weft/tool.h"

namespace weft::tools {

class AccessRecorder {
 public:
  struct Choice {
    std::string pattern;  ///< of the file's name
    std::string
        module;         ///< part of the path of modules whose instructions are recorded; empty: all
    bool stack = true;  ///< the implicit accesses of push, pop, call and ret, too
  };

  /// In on_start(). Fails the process if the file cannot be made.
  void start(Process& process, Choice choice);
  /// In on_fork(): the child gets a file of its own.
  void restart(Process& process, Thread& thread);
  /// In on_thread_exit().
  void thread_ended(Thread& thread) { threads_.release(thread); }
  /// Whether blocks of this one's module are recorded.
  bool is_chosen(const Block& block) const;
  /// In on_block(): additions at each access.
  void add_to(Block& block);

  uint64_t recorded() const { return recorded_.load(std::memory_order_relaxed); }
  uint64_t file_size() const { return file_.size(); }
  /// Why the file is not complete; empty if it is.
  std::string error() const { return file_.error(); }

 private:
  /// Of one thread.
  struct ThreadState {
    struct Access {
      const Site* site = nullptr;
      uint64_t address = 0;
    };
    /// Of a repeated string instruction under way: they are known when it has ended.
    std::vector<Access> repeated;
    /// Of instructions that are recorded but not written: their accesses one behind the other, and
    /// how many each has made.
    std::deque<MemoryAccess> listed;
    std::deque<size_t> listed_counts;
    MemtraceEncoder encoder;
  };

  void add_plain(Block& block, size_t index);
  void add_repeated(Block& block, size_t index);
  void add_listed(Block& block, size_t index);
  static void note_list(AccessRecorder* recorder, Thread& thread, const MemoryAccesses& accesses);
  static void flush(Thread& thread, const void* records, size_t bytes, void* recorder);
  void write(Thread& thread, const char* records, size_t count);
  static void add_repeat_record(ThreadState& state, const Site& site, uint64_t value);
  static void finish_repeat(ThreadState& state, uint64_t end);
  static void add_list(ThreadState& state, const Site& site);

  Process* process_ = nullptr;
  Choice choice_;
  SiteTable sites_;
  TraceFile file_;
  ThreadData<ThreadState> threads_;
  Buffer buffer_;
  std::atomic<uint64_t> recorded_ = 0;
};

}  // namespace weft::tools

// A program thread as tools see it. Owned by the host, from the thread's start to its end; for its
// own thread, but for get() and close_buffers().
#pragma once

#include <pthread.h>

#include <array>
#include <atomic>
#include <bitset>
#include <csetjmp>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "base/spin_lock.h"
#include "engine/deletion.h"
#include "engine/thread.h"
#include "tool/block_view.h"
#include "tool/context_view.h"
#include "tool/functions.h"
#include "weft/process.h"

namespace weft::tool {

inline constexpr uint32_t kThreadKeys = 1024;

/// What a tool asked new_buffer() for.
struct BufferSpec {
  BufferLayout layout;
  size_t bytes = 0;
  FlushFunction flush = nullptr;
  void* argument = nullptr;
};

class ThreadView final : public Thread {
 public:
  using Selectors = std::bitset<kThreadCounters>;

  /// On the thread itself. `selectors`: the counters by which versions of blocks are chosen.
  ThreadView(engine::Thread& thread, uint32_t number, const std::vector<BufferSpec>& buffers,
             const Selectors& selectors);

  pid_t id() const override { return thread_.program.tid; }
  uint32_t number() const override { return number_; }
  uint64_t get(ThreadCounter counter) const override;
  void set(ThreadCounter counter, uint64_t value) override;
  uint64_t get(Tally tally) const override;
  uint64_t* cell(ThreadCounter counter) override;
  void flush(Buffer buffer) override;
  CallContext& context() override { return context_; }
  void*& data(uint32_t key) override;

  engine::Thread& thread() { return thread_; }
  const engine::Thread& thread() const { return thread_; }
  ContextView& context_view() { return context_; }
  void reset(Tally tally);
  /// Flushes every buffer, and drops what comes after. By any thread, once.
  void close_buffers();
  /// In the child of a fork: what is in them is the parent's.
  void empty_buffers();
  /// In the child of a fork.
  void set_number(uint32_t number) { number_ = number; }

  /// The system call under way: its number and arguments, as on_syscall_before() left them.
  std::array<uint64_t, 7> call{};
  /// The calls of wrapped functions that have not returned.
  FunctionSlots function_slots;
  /// What of these a child of vfork, which runs on this thread, must leave as it was.
  struct Lent {
    std::array<uint64_t, 7> call;
    FunctionSlots function_slots;
  };
  std::vector<Lent> lent;  ///< several if such children make the next ones

  /// The thread waits until it can stop others: as good as stopped. Read by any thread.
  std::atomic<bool> waits_to_stop{false};
  /// Tools have been told of its end.
  std::atomic<bool> has_ended{false};
  /// Process::land_faults_at().
  std::jmp_buf* landing = nullptr;

  /// Whether tools are being shown a block.
  bool is_shown_block = false;
  /// What they deleted meanwhile, to be made when the block is there.
  std::vector<std::function<void(engine::Deletions&)>> put_off;

 private:
  void flush_held(size_t number) REQUIRES(flush_lock_);
  uint64_t& word(uint32_t index) const { return thread_.block().tool_words[index]; }

  engine::Thread& thread_;
  uint32_t number_;
  const std::vector<BufferSpec>& buffers_;
  const Selectors& selectors_;
  pthread_t self_ = pthread_self();
  std::vector<std::unique_ptr<uint8_t[]>> memory_;  ///< of each buffer
  std::vector<void*> data_;
  ContextView context_{*this};
  SpinLock<LockRank::kBuffers> flush_lock_;  ///< against close_buffers() by another thread
  bool closed_ GUARDED_BY(flush_lock_) = false;
};

}  // namespace weft::tool

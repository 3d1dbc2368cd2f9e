// Reads and writes this process's memory past page protection, through /proc/self/mem. Owns a
// descriptor. One object a process; read() and write() may come from any thread and from signal
// handlers.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>

#include "base/check.h"

namespace weft::linux {

class OwnMemory {
 public:
  /// Opens it, if that has not been tried in this process; `keep` moves the descriptor out of the
  /// program's way and returns its number there, or -1. Not in a signal handler.
  void open(const std::function<int(int)>& keep);
  bool is_open() const { return fd_.load(std::memory_order_relaxed) >= 0; }

  /// Writes to private memory that is mapped, readable or not, read-only or not. False if it cannot
  /// be done: nothing is mapped, the memory is shared, the kernel does not allow it. Aligned words
  /// of 2, 4 and 8 bytes change at once for all who read.
  SIGNAL_SAFE bool write(uint64_t address, const void* data, size_t size) const;

  /// Reads what is mapped, protected or not. False if any of it is not.
  SIGNAL_SAFE bool read(void* to, uint64_t address, size_t size) const;

  /// In the child of a fork: the descriptor is of the parent's memory.
  void forget() {
    if (fd_.load(std::memory_order_relaxed) == kUntried) return;  // no page to be copied for it
    fd_.store(kUntried, std::memory_order_relaxed);
  }

 private:
  static constexpr int kUntried = -2;
  static constexpr int kUnavailable = -1;

  std::atomic<int> fd_{kUntried};
};

}  // namespace weft::linux

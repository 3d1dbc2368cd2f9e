// What is added to a block, by the version of it that is made. Owned by the tool; any thread.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "taintlite/propagate.h"

namespace weft::tools {

/// Constants that inserted code points to: each once, however often its block is built.
template <typename T>
class Constants {
 public:
  const T* keep(const T& value) {
    static_assert(std::is_trivially_copyable_v<T>);
    const std::string key(reinterpret_cast<const char*>(&value), sizeof value);
    const std::lock_guard guard(lock_);
    std::unique_ptr<T>& known = known_[key];
    if (!known) known = std::make_unique<T>(value);
    return known.get();
  }
  void unlock_in_child() { lock_ = {}; }

 private:
  LightLock lock_;
  std::unordered_map<std::string, std::unique_ptr<T>> known_;
};

class Planner {
 public:
  /// `thread` holds the thread's ThreadTaint, `met` is the word that ThreadTaint::met points to;
  /// `filter` is that of the memory's labels.
  void start(ThreadCounter thread, ThreadCounter met, const uint8_t* filter) {
    thread_ = thread;
    met_ = met;
    filter_ = filter;
  }
  void unlock_in_child();

  /// For threads without taint in a register, or (`vectors`) with some in vector registers alone:
  /// leaves for the full version where taint is met.
  void add_checks(Block& block, bool vectors);
  /// Follows everything.
  void add_everything(Block& block);

 private:
  class Group;
  void add_operation(Block& block, size_t index, const Operation& operation, bool vectors);
  void add_string(Block& block, size_t index, const Operation& operation, bool checks);
  void add_leave(Insertion at, Address pc);

  ThreadCounter thread_;
  ThreadCounter met_;
  const uint8_t* filter_ = nullptr;
  Constants<Operation> operations_;
  Constants<CheckGroup> groups_;
};

}  // namespace weft::tools

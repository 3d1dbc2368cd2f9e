// The basic blocks that a tool has seen, each once however often it is built. Owned by the tool;
// every function may be called by any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <mutex>
#include <vector>

#include "weft/tool.h"

namespace weft::tools {

/// A basic block as it was when it was first built. Lives as long as the table.
struct BlockRecord {
  Range range;
  uint64_t hash = 0;  ///< of its bytes: code may change
  uint32_t instructions = 0;
  const Module* module = nullptr;      ///< null: none
  std::vector<uint8_t> lengths;        ///< of its instructions, if the table keeps them
  std::vector<const char*> mnemonics;  ///< of its instructions, if the table keeps them
  Counter executions;
};

class BlockTable {
 public:
  /// What is kept of a block's instructions.
  enum class Keep : uint8_t { kNothing, kLengths, kMnemonics };

  /// The block's record, made now if it is new.
  BlockRecord& record(Process& process, const Block& block, Keep keep = Keep::kLengths);
  /// All records by address. They must not be added to meanwhile.
  std::vector<BlockRecord*> sorted();
  /// Sets all counters to 0.
  void reset();

 private:
  /// A place in the table by tag, of which one block may have several. Empty without a record.
  struct Slot {
    Address tag = 0;
    BlockRecord* record = nullptr;
  };

  /// The block's record, or the empty slot for it.
  Slot& find(const Range& range, uint64_t hash);
  void grow();

  std::mutex mutex_;
  std::deque<BlockRecord> records_;
  std::vector<Slot> slots_;  ///< a power of two of them, half empty or more
};

/// Counts executions of blocks. While the process has one thread the counters are plain; when it
/// gets a second one, all code is deleted and built anew with atomic ones, so that none is lost.
class BlockCounters {
 public:
  /// A thread starts; all threads but the first one count.
  void thread_started(Process& process);
  /// One more each time the block is entered.
  void count(Block& block, const BlockRecord& record) const;
  /// In the child of a fork.
  void restart() { threads_ = 1; }

 private:
  std::atomic<uint32_t> threads_ = 0;
};

}  // namespace weft::tools

// The basic blocks that a tool has seen, each once however often it is built. Owned by the tool;
// every function may be called by any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "weft/tool.h"

namespace weft::tools {

/// A basic block as it was when it was first built. Lives as long as the table.
struct BlockRecord {
  Range range;
  uint64_t hash = 0;  ///< of its bytes: code may change
  uint32_t instructions = 0;
  const Module* module = nullptr;      ///< null: none
  std::vector<uint8_t> lengths;        ///< of its instructions
  std::vector<const char*> mnemonics;  ///< of its instructions, if the table keeps them
  Counter executions;
};

class BlockTable {
 public:
  enum class Keep : uint8_t { kLengths, kMnemonics };

  /// The block's record, made now if it is new.
  BlockRecord& record(Process& process, const Block& block, Keep keep = Keep::kLengths);
  /// All records by address. They must not be added to meanwhile.
  std::vector<BlockRecord*> sorted();
  /// Sets all counters to 0.
  void reset();

 private:
  std::mutex mutex_;
  std::deque<BlockRecord> records_;
  std::unordered_multimap<Address, BlockRecord*> by_tag_;
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

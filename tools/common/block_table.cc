#include "common/block_table.h"

#include <algorithm>

namespace weft::tools {
namespace {

uint64_t hash_of(const Block& block) {
  uint64_t hash = 0xcbf29ce484222325;  // FNV-1a
  for (const Instruction& instruction : block) {
    for (const uint8_t byte : instruction.bytes()) hash = (hash ^ byte) * 0x100000001b3;
  }
  return hash;
}

}  // namespace

BlockRecord& BlockTable::record(Process& process, const Block& block, Keep keep) {
  const uint64_t hash = hash_of(block);
  const std::lock_guard guard(mutex_);
  const auto [first, last] = by_tag_.equal_range(block.tag());
  for (auto at = first; at != last; ++at) {
    BlockRecord& known = *at->second;
    if (known.hash == hash && known.range.end == block.range().end) return known;
  }
  BlockRecord& record = records_.emplace_back();
  record.range = block.range();
  record.hash = hash;
  record.instructions = static_cast<uint32_t>(block.size());
  record.module = process.module_at(block.tag());
  for (const Instruction& instruction : block) {
    record.lengths.push_back(static_cast<uint8_t>(instruction.length()));
    // The decoder's names are constants of the program.
    if (keep == Keep::kMnemonics) record.mnemonics.push_back(instruction.details().mnemonic.data());
  }
  record.executions = process.new_counter();
  by_tag_.emplace(block.tag(), &record);
  return record;
}

std::vector<BlockRecord*> BlockTable::sorted() {
  const std::lock_guard guard(mutex_);
  std::vector<BlockRecord*> all;
  all.reserve(records_.size());
  for (BlockRecord& record : records_) all.push_back(&record);
  std::sort(all.begin(), all.end(), [](const BlockRecord* a, const BlockRecord* b) {
    return a->range.start != b->range.start ? a->range.start < b->range.start
                                            : a->range.end < b->range.end;
  });
  return all;
}

void BlockTable::reset() {
  const std::lock_guard guard(mutex_);
  for (const BlockRecord& record : records_) record.executions.set(0);
}

void BlockCounters::thread_started(Process& process) {
  if (threads_.fetch_add(1) == 1) process.code().delete_all();
}

void BlockCounters::count(Block& block, const BlockRecord& record) const {
  if (threads_.load() > 1) {
    block.anywhere().add_atomic(record.executions);
  } else {
    block.anywhere().add(record.executions);
  }
}

}  // namespace weft::tools

#include "common/block_table.h"

#include <algorithm>
#include <tuple>

#include "common/block_hash.h"

namespace weft::tools {

BlockTable::Slot& BlockTable::find(const Range& range, uint64_t hash) {
  for (size_t at = first_slot(range.start, slots_.size());; ++at) {
    Slot& slot = slots_[at & (slots_.size() - 1)];
    if (slot.record == nullptr) return slot;
    if (slot.tag != range.start) continue;
    if (slot.record->hash == hash && slot.record->range.end == range.end) return slot;
  }
}

void BlockTable::grow() {
  constexpr size_t kFirstSize = 1024;
  slots_.assign(std::max(kFirstSize, 4 * slots_.size()), {});
  for (BlockRecord& record : records_) {
    find(record.range, record.hash) = {record.range.start, &record};
  }
}

BlockRecord& BlockTable::record(Process& process, const Block& block, Keep keep) {
  const uint64_t hash = hash_of(block);
  const Range range = block.range();
  const std::lock_guard guard(mutex_);
  if (2 * records_.size() >= slots_.size()) grow();
  Slot& slot = find(range, hash);
  if (slot.record != nullptr) return *slot.record;
  BlockRecord& record = records_.emplace_back();
  record.range = range;
  record.hash = hash;
  record.instructions = static_cast<uint32_t>(block.size());
  record.module = process.module_at(block.tag());
  if (keep != Keep::kNothing) {
    for (const Instruction& instruction : block) {
      record.lengths.push_back(static_cast<uint8_t>(instruction.length()));
      // The decoder's names are constants of the program.
      if (keep == Keep::kMnemonics)
        record.mnemonics.push_back(instruction.details().mnemonic.data());
    }
  }
  record.executions = process.new_counter();
  slot = {range.start, &record};
  return record;
}

std::vector<BlockRecord*> BlockTable::sorted() {
  const std::lock_guard guard(mutex_);
  // With what is compared beside the pointer, so that no record is fetched for it.
  std::vector<std::tuple<Address, Address, BlockRecord*>> keys;
  keys.reserve(records_.size());
  for (BlockRecord& record : records_) {
    keys.emplace_back(record.range.start, record.range.end, &record);
  }
  std::sort(keys.begin(), keys.end());
  std::vector<BlockRecord*> all;
  all.reserve(keys.size());
  for (const auto& key : keys) all.push_back(std::get<BlockRecord*>(key));
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

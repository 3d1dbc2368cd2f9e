#include "common/block_table.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <span>
#include <tuple>

namespace weft::tools {
namespace {

constexpr uint64_t kMultiplier = 0x9E3779B97F4A7C15;

uint64_t mix(uint64_t hash, uint64_t word) {
  const uint64_t product = (hash ^ word) * kMultiplier;
  return product ^ product >> 32;
}

uint64_t hash_of(const Block& block) {
  uint64_t hash = kMultiplier;
  for (const Instruction& instruction : block) {
    // Each has at most 15 bytes.
    std::array<uint64_t, 2> words{};
    const std::span<const uint8_t> bytes = instruction.bytes();
    std::memcpy(words.data(), bytes.data(), std::min(bytes.size(), sizeof words));
    hash = mix(mix(hash, words[0]), words[1] ^ bytes.size() << 56);
  }
  return hash;
}

}  // namespace

BlockTable::Slot& BlockTable::find(const Range& range, uint64_t hash) {
  // Blocks that lie side by side are built one after another: their slots share cache lines.
  constexpr uint64_t kNear = 256;
  constexpr uint64_t kSlotEach = 8;
  constexpr uint64_t kSlots = kNear / kSlotEach;
  size_t at = mix(0, range.start / kNear) * kSlots + range.start % kNear / kSlotEach;
  for (;; ++at) {
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

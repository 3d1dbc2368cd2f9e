#include "cachesim/model.h"

#include <algorithm>

namespace weft::tools {

Model::Model(const Caches& caches, bool has_branches)
    : instructions_(caches.instructions),
      data_(caches.data),
      last_(caches.last),
      longest_(static_cast<uint32_t>(
          std::min({caches.instructions.line, caches.data.line, caches.last.line}))),
      has_branches_(has_branches) {}

void Model::missed(BlockCode& block, uint32_t instruction, Address at, uint32_t size,
                   bool is_store) {
  Costs& costs = block.costs[instruction];
  ++costs[is_store ? kD1mw : kD1mr];
  if (last_.misses(at, size)) ++costs[is_store ? kDLmw : kDLmr];
}

void Model::run(ThreadPlace& place, std::span<const Record> records) {
  const Record* at = records.data();
  const Record* const end = at + records.size();
  if (std::vector<Record>& carried = place.carried; !carried.empty()) {
    const size_t all = blocks_[carried.front().block]->records;
    while (carried.size() < all && at != end && at->block == 0) carried.push_back(*at++);
    if (carried.size() < all && at == end) return;
    run_block(place, carried.data(), carried.size());
    carried.clear();
  }
  while (at != end) {
    // After a fault that was handled the rest of a block may be without its beginning.
    if (at->block == 0) {
      ++at;
      continue;
    }
    const size_t all = blocks_[at->block]->records;
    size_t count = 1;
    while (count < all && at + count != end && at[count].block == 0) ++count;
    if (count < all && at + count == end) {
      place.carried.assign(at, end);
      return;
    }
    run_block(place, at, count);
    at += count;
  }
}

void Model::run_block(ThreadPlace& place, const Record* records, size_t count) {
  BlockCode& block = *blocks_[records->block];
  if (has_branches_ && place.block != nullptr) leave(*place.block, block.range.start);
  place.block = &block;
  ++block.executions;
  if (block.fetched != instructions_.changes()) fetch(block);
  if (block.is_plain && count == block.records) [[likely]] {
    for (const BlockAccess& each : block.accesses) {
      const Address at = (records[each.record].address & each.mask) + each.distance;
      access(block, each.instruction, at, each.size, each.is_store);
    }
    return;
  }
  for (const BlockAccess& each : block.accesses) {
    if (each.record >= count) continue;
    const Address at = (records[each.record].address & each.mask) + each.distance;
    if (each.kind == BlockAccess::Kind::kOne) {
      access(block, each.instruction, at, each.size, each.is_store);
    } else {
      note_repeat(place, each, at);
    }
  }
}

void Model::fetch(BlockCode& block) {
  const uint64_t before = instructions_.changes();
  for (const BlockFetch& each : block.fetches) {
    if (!instructions_.misses(each.at, each.size)) continue;
    Costs& costs = block.costs[each.instruction];
    ++costs[kI1mr];
    if (last_.misses(each.at, each.size)) ++costs[kILmr];
  }
  // If all were used last, they stay so until another line of their sets is used.
  if (instructions_.changes() == before) block.fetched = before;
}

// Where a block went to is where the next one starts.
void Model::leave(BlockCode& block, Address next) {
  const size_t last = block.pcs.size() - 1;
  if (block.last == InstructionKind::kConditionalJump) {
    if (branches_.mispredicts(block.pcs[last], next == block.target)) ++block.costs[last][kBcm];
  } else if (block.last == InstructionKind::kIndirectJump ||
             block.last == InstructionKind::kIndirectCall) {
    if (branches_.mispredicts_target(block.pcs[last], next)) ++block.costs[last][kBim];
  }
}

void Model::note_repeat(ThreadPlace& place, const BlockAccess& access, Address at) {
  switch (access.kind) {
    case BlockAccess::Kind::kRepeatBegins:
      place.repeated.assign(1, {access, at});
      break;
    case BlockAccess::Kind::kRepeatSecond:
      place.repeated.push_back({access, at});
      break;
    case BlockAccess::Kind::kRepeatEnds:
      finish_repeat(place, at);
      break;
    case BlockAccess::Kind::kOne:
      break;
  }
}

void Model::finish_repeat(ThreadPlace& place, Address end) {
  if (place.repeated.empty() || place.block == nullptr) return;
  const Address start = place.repeated.front().at;
  const uint64_t size = place.repeated.front().access.size;
  const bool backwards = static_cast<int64_t>(end - start) < 0;
  const uint64_t repetitions = (backwards ? start - end : end - start) / size;
  const uint64_t step = backwards ? 0 - size : size;
  BlockCode& block = *place.block;
  for (uint64_t n = 0; n < repetitions; ++n) {
    for (const auto& [each, at] : place.repeated)
      access_also(block, each.instruction, at + n * step, each.size, each.is_store);
  }
  // As cachegrind counts it: each repetition is an instruction, and so is the look whether there is
  // one more.
  block.costs[place.repeated.front().access.instruction][kIr] += repetitions;
  place.repeated.clear();
}

Costs Model::costs_of(const BlockCode& block, size_t instruction, bool has_branches) {
  Costs costs = block.costs[instruction];
  costs[kIr] += block.executions;
  for (const BlockAccess& access : block.accesses) {
    if (access.instruction == instruction && access.kind == BlockAccess::Kind::kOne)
      costs[access.is_store ? kDw : kDr] += block.executions;
  }
  if (!has_branches || instruction + 1 != block.pcs.size()) return costs;
  if (block.last == InstructionKind::kConditionalJump) costs[kBc] += block.executions;
  if (block.last == InstructionKind::kIndirectJump || block.last == InstructionKind::kIndirectCall)
    costs[kBi] += block.executions;
  return costs;
}

}  // namespace weft::tools

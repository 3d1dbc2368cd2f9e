// Superblocks that an earlier run has built.
#include <algorithm>
#include <cstring>

#include "linux/signal_safe_copy.h"
#include "translate/superblock.h"

namespace weft::translate {

void SuperblockBuilder::keep_source(const Instruction& at) {
  draft_.source.insert(draft_.source.end(), at.bytes, at.bytes + at.insn.code_length());
}

void SuperblockBuilder::drop_source(const Instruction& at) {
  draft_.source.resize(draft_.source.size() - at.insn.code_length());
}

SuperblockBuilder::Loaded SuperblockBuilder::load(AppPc tag, RecordStore& store) {
  draft_.clear();
  marks_.clear();
  if (!store.find(tag, draft_.pairs_returns, record_)) return Loaded::kNone;
  const std::optional<RecordedSource> source = read_record(record_, tag, draft_);
  if (!source || !has_source(*source)) return Loaded::kRejected;
  ++built_;
  instruction_count_ = source->instruction_count;
  return Loaded::kYes;
}

bool SuperblockBuilder::has_source(const RecordedSource& source) {
  for (const cache::Constituent& constituent : draft_.constituents) {
    cache_.prefetch(constituent.tag);
  }
  for (const cache::ExitSpec& exit : draft_.exits) cache_.prefetch(exit.target);
  // As for what is built: first the generations, then whether the bytes may be read, then they.
  for (cache::Constituent& constituent : draft_.constituents) {
    constituent.generation = cache_.generation(constituent.tag);
  }
  if (!has_constants()) return false;
  const CodeRange readable = code_.executable_range(draft_.constituents.front().tag);
  if (readable.checked) return false;
  const uint8_t* expected = source.bytes.data();
  for (size_t i = 0; i < source.block_count; ++i) {
    const AppRange bytes = draft_.constituents[i].bytes;
    if (bytes.start < readable.range.start || bytes.end > readable.range.end) return false;
    std::array<uint8_t, 256> copy;
    for (uint64_t done = 0; done < bytes.size();) {
      const size_t size = std::min<uint64_t>(copy.size(), bytes.size() - done);
      if (!linux::safe_copy(copy.data(), (bytes.start + done).bytes(), size)) return false;
      if (std::memcmp(copy.data(), expected, size) != 0) return false;
      expected += size;
      done += size;
    }
  }
  return true;
}

bool SuperblockBuilder::has_constants() {
  return std::all_of(
      draft_.constants.begin(), draft_.constants.end(),
      [this](const ConstantSlot& each) { return code_.constant_at(each.slot) == each.target; });
}

void SuperblockBuilder::keep(RecordStore& store) {
  if (!write_record(draft_, instruction_count_, record_)) return;
  store.keep(draft_.entries.front().tag, draft_.pairs_returns, record_);
}

}  // namespace weft::translate

#include "translate/source.h"

#include <algorithm>

#include "linux/kernel/signal_safe_copy.h"

namespace weft::translate {

void Source::begin(AppPc start) {
  readable_ = {};
  // Before it is asked whether the bytes may be read, and they are: see ProgramCode.
  head_generation_ = cache_.generation(start);
  at_head_ = true;
  window_.start(start);
}

uint64_t Source::begin_block(AppPc tag) {
  if (std::exchange(at_head_, false)) return head_generation_;
  window_.start(tag);
  return cache_.generation(tag);
}

bool Source::decode_in_run(AppPc pc, Instruction& out) {
  const std::span<const uint8_t> bytes = window_.read(pc, readable_.range.end - pc);
  gone_ = bytes.empty();
  return !gone_ && decode(bytes, out);
}

bool Source::fetch_slowly(AppPc pc, Instruction& out) {
  if (!readable_.range.contains(pc)) readable_ = code_.executable_range(pc);
  fault_address_ = pc;
  if (!readable_.range.contains(pc)) return false;
  if (decode_in_run(pc, out)) return true;
  if (gone_) return false;
  // It may go on in the next run, which may be of another kind.
  const CodeRange next = code_.executable_range(readable_.range.end);
  fault_address_ = readable_.range.end;
  if (next.range.empty()) return false;
  readable_ = {{readable_.range.start, next.range.end}, readable_.checked || next.checked};
  if (decode_in_run(pc, out)) return true;
  fault_address_ = readable_.range.end;
  return false;
}

std::span<const uint8_t> Source::copy(AppPc tag) {
  // fetch() has seen to it that the first instruction is in reach. Blocks end at a page's end, or
  // with the instruction that straddles it, so that the next page's kind is its own.
  const uint64_t page_left = page_down(tag.value) + kPageSize - tag.value;
  const uint64_t size = std::min({readable_.range.end - tag, uint64_t{kCopied},
                                  std::max<uint64_t>(page_left, x86::kLongestInstruction)});
  const bool copied = linux::safe_copy(copied_.data(), tag.bytes(), size);
  return std::span(copied_).first(copied ? size : 0);
}

std::optional<ConstantSlot> Source::constant_at(AppPc slot) {
  const uint64_t generation = cache_.generation(slot);
  const std::optional<AppPc> target = code_.constant_at(slot);
  if (!target) return std::nullopt;
  return ConstantSlot{slot, *target, generation};
}

}  // namespace weft::translate

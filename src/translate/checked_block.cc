// Fragments of code that may change without notice: one basic block each, entered by its check.

#include <algorithm>

#include "linux/kernel/signal_safe_copy.h"
#include "translate/self_check.h"
#include "translate/superblock.h"

namespace weft::translate {

using x86::Kind;

namespace {

/// Whether what runs next, `next` or a direct jump's target, lies further on in the same page.
bool stays_ahead(const Instruction& last, AppPc next, uint64_t page_end) {
  const auto is_ahead = [&](AppPc pc) { return pc > last.pc && pc.value < page_end; };
  switch (last.insn.kind) {
    case Kind::kPlain:
      return is_ahead(next);
    case Kind::kJump:
      return is_ahead(last.target());
    case Kind::kCondJump:
      return is_ahead(next) && is_ahead(last.target());
    default:
      return false;
  }
}

}  // namespace

size_t SuperblockBuilder::copy_source(AppPc tag) {
  // fetch() has seen to it that the first instruction is in reach. Blocks end at a page's end, or
  // with the instruction that straddles it, so that the next page's kind is its own.
  const uint64_t page_left = page_down(tag.value) + kPageSize - tag.value;
  const uint64_t size = std::min({readable_.range.end - tag, uint64_t{kCheckedBytes},
                                  std::max<uint64_t>(page_left, x86::kLongestInstruction)});
  return linux::safe_copy(source_.data(), tag.bytes(), size) ? size : 0;
}

bool SuperblockBuilder::decode_copy(AppPc tag, size_t offset, size_t available,
                                    Instruction& out) const {
  out.pc = tag + offset;
  out.bytes = source_.data() + offset;
  return x86::decode(out.bytes, available - offset, out.insn);
}

SuperblockBuilder::CheckedBlock SuperblockBuilder::measure_checked(AppPc tag,
                                                                   size_t available) const {
  const uint64_t page_end = page_down(tag.value) + kPageSize;
  Instruction at;
  Instruction last;
  size_t size = 0;
  while (size < available && tag.value + size < page_end && decode_copy(tag, size, available, at)) {
    size += std::min<size_t>(at.insn.length, available - size);
    last = at;
    // The instruction after a store may be what was stored.
    if (at.insn.ends_block() || needs_emulation(at) || may_write_memory(at.insn)) break;
    if (environment_.single_instructions) break;
  }
  return {size, size == 0 || !stays_ahead(last, tag + size, page_end)};
}

bool SuperblockBuilder::build_checked(AppPc tag) {
  const size_t available = copy_source(tag);
  const auto [size, counted] = measure_checked(tag, available);
  if (size == 0) {
    fault_address_ = tag;
    return false;
  }
  draft_.map.go_to(tag, draft_.hot.position());
  emit_self_check(draft_, tag, {source_.data(), size}, aligned_checks_, counted);
  draft_.constituents.push_back({tag, {tag, tag + size}, head_generation_});
  if (instrumenter_ != nullptr) {
    emit_checked_plan(tag, size, available);
  } else {
    emit_checked(tag, size, available);
  }
  instruction_count_ = static_cast<uint32_t>(marks_.size());
  CHECK(!draft_.hot.overflowed() && !draft_.cold.overflowed());
  return true;
}

void SuperblockBuilder::emit_checked(AppPc tag, size_t size, size_t available) {
  AppPc pc = tag;
  bool left = false;
  Instruction at;
  while (pc < tag + size && decode_copy(tag, pc - tag, available, at)) {
    marks_.push_back({pc, draft_.hot.position(), 0});
    pc = at.next();
    left = at.insn.ends_block() || needs_emulation(at);
    if (left) {
      end_checked_block(at);
      break;
    }
    mangle_plain(draft_, at);
  }
  if (!left) draft_.exit_jump(pc);
}

void SuperblockBuilder::end_checked_block(const Instruction& at) {
  // Nothing runs on: every block is entered by its own check.
  switch (at.insn.kind) {
    case Kind::kCondJump:
    case Kind::kLoop:
    case Kind::kXbegin:
      mangle_conditional(draft_, at);
      draft_.exit_jump(at.next());
      return;
    case Kind::kJump: {
      const uint32_t start = draft_.hot.position();
      draft_.exit_jump(at.target());
      draft_.map.add(at.insn.length, draft_.hot.position() - start);
      return;
    }
    case Kind::kCall:
    case Kind::kIndirectCall:
      draft_.return_addresses.push_back(at.next());
      if (at.insn.kind == Kind::kCall) {
        mangle_call(draft_, at, at.target());
      } else {
        mangle_indirect(draft_, at);
      }
      return;
    default: {
      AppPc unused = at.next();
      end_block(at, unused);
      return;
    }
  }
}

}  // namespace weft::translate

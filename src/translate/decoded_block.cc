#include "translate/decoded_block.h"

#include <algorithm>

#include "translate/layout.h"
#include "translate/mangle.h"
#include "translate/path_policy.h"
#include "translate/source.h"
#include "x86/names.h"

namespace weft::translate {

using x86::Kind;

void decode_block(Source& source, const PathPolicy& policy, const Layout& layout, AppPc tag,
                  const BlockLimits& limits, DecodedBlock& block) {
  std::vector<Instruction>& all = block.instructions;
  block.tag = tag;
  all.clear();
  AppPc pc = tag;
  while (all.size() < limits.instructions) {
    Instruction& at = all.emplace_back();
    if (!source.fetch(pc, at) || source.is_checked()) return all.pop_back();
    if (!is_plain(at)) {
      if (policy.is_laid_out_elsewhere(at, all.size())) all.pop_back();
      return;
    }
    pc = at.next();
    if (limits.where_it_meets && layout.find(pc) != nullptr) return;
  }
}

void decode_checked_block(std::span<const uint8_t> bytes, AppPc tag, const BlockLimits& limits,
                          DecodedBlock& block) {
  const uint64_t page_end = page_down(tag.value) + kPageSize;
  std::vector<Instruction>& all = block.instructions;
  block.tag = tag;
  all.clear();
  size_t size = 0;
  while (all.size() < limits.instructions && size < bytes.size() && tag.value + size < page_end) {
    Instruction at{tag + size, bytes.data() + size, {}};
    if (!x86::decode(at.bytes, bytes.size() - size, at.insn)) return;
    all.push_back(at);
    if (!is_plain(at) || x86::may_write_memory(at.insn)) return;
    size += at.insn.length;
  }
}

size_t checked_size(const DecodedBlock& block, size_t available) {
  // Of what is too long, no more is looked at.
  return std::min<size_t>(block.end() - block.tag, available);
}

bool may_loop(const DecodedBlock& block) {
  const Instruction& last = block.instructions.back();
  const uint64_t page_end = page_down(block.tag.value) + kPageSize;
  const auto is_ahead = [&](AppPc pc) { return pc > last.pc && pc.value < page_end; };
  switch (last.insn.kind) {
    case Kind::kPlain:
      return !is_ahead(last.next());
    case Kind::kJump:
      return !is_ahead(last.target());
    case Kind::kCondJump:
      return !is_ahead(last.next()) || !is_ahead(last.target());
    default:
      return true;
  }
}

}  // namespace weft::translate

#include "translate/path_policy.h"

namespace weft::translate {

using x86::Kind;

namespace {

constexpr AppPc kAll{~uint64_t{0}};

}  // namespace

PathPolicy::PathPolicy(const cache::CodeCache& cache, const Draft& draft, const Layout& layout)
    : cache_(cache), draft_(draft), layout_(layout) {}

void PathPolicy::begin_superblock(uint32_t part) {
  path_ = {};
  block_ = 0;
  part_ = part;
  checked_ = false;
  switched_ = false;
  // A part is of one block, whichever way its choice comes to it.
  continue_ = part != 0 ? Continue::kNo : Continue::kWhereItFits;
}

void PathPolicy::begin_trace(std::span<const AppPc> path) {
  begin_superblock(0);
  path_ = path;
}

bool PathPolicy::goes_on_at(AppPc next) const {
  if (continue_ != Continue::kWhereItFits) return continue_ == Continue::kYes;
  return path_.empty() && !checked_ && blocks() + 1 < draft_.environment.max_blocks &&
         !draft_.nearly_full() && layout_.find(next) == nullptr && cache_.find(next).value == 0;
}

std::optional<AppPc> PathPolicy::next_of_path() const {
  if (continue_ == Continue::kNo || block_ + 1 >= path_.size()) return std::nullopt;
  if (continue_ == Continue::kWhereItFits && draft_.nearly_full()) return std::nullopt;
  return path_[block_ + 1];
}

bool PathPolicy::list_goes_on_at(AppPc next) const {
  return continue_ != Continue::kNo && block_ + 1 < path_.size() && path_[block_ + 1] == next &&
         !draft_.nearly_full();
}

bool PathPolicy::lands_at(AppPc next) const {
  // A landing place of its own is a jump more: so calls may go farther.
  constexpr uint32_t kCallFactor = 4;
  return !draft_.nearly_full() && blocks() + 1 < kCallFactor * draft_.environment.max_blocks &&
         layout_.find(next) == nullptr && cache_.find(next).value == 0;
}

bool PathPolicy::pairs_returns() const {
  // A trace goes on only where its path does, not at a landing place.
  // And a landing place would have to be one for all versions of what follows.
  return draft_.pairs_returns && path_.empty() && !switched_ && part_ == 0 && !checked_;
}

bool PathPolicy::is_laid_out_elsewhere(const Instruction& call, size_t length) const {
  const bool calls = call.insn.kind == Kind::kCall || call.insn.kind == Kind::kIndirectCall;
  // One return address has one landing place: of two calls, the CPU would predict one wrongly.
  // Without entries anywhere, the other fragment's call cannot be gone to.
  return calls && pairs_returns() && draft_.environment.entries_anywhere &&
         layout_.size() + length > 1 && cache_.find(call.next()).value != 0;
}

bool PathPolicy::uses_constants() const {
  // Tools know of no constituents but blocks; and checked code is there to change.
  return draft_.environment.entries_anywhere && !checked_;
}

AppPc PathPolicy::counted_from(const Instruction& last) const {
  if (checked_) return {};
  // What leaves a trace is a way that is taken, too, if it comes back to the dispatcher often.
  if (!path_.empty()) return kAll;
  const Kind kind = last.insn.kind;
  const bool loops = kind == Kind::kCondJump || kind == Kind::kJump || kind == Kind::kLoop;
  return loops ? last.pc : AppPc{};
}

AppPc PathPolicy::counted_from_list(AppPc tag) const {
  if (checked_) return {};
  return path_.empty() ? tag : kAll;
}

}  // namespace weft::translate

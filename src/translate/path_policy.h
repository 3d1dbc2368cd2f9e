// Second stage: where a fragment goes on behind a block. A superblock runs on where that fits, a
// trace along its path, checked code not at all. One builder's; emits nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>

#include "cache/code_cache.h"
#include "translate/draft.h"
#include "translate/instruction.h"
#include "translate/layout.h"

namespace weft::translate {

class PathPolicy {
 public:
  /// Of blocks but the first in a fragment's further versions, all is decided already.
  enum class Continue : uint8_t { kWhereItFits, kYes, kNo };

  /// What is asked about the fragment is read from `draft` and `layout`.
  PathPolicy(const cache::CodeCache& cache, const Draft& draft, const Layout& layout);

  /// `part`: which part of its first block a superblock is of (cache/part.h).
  void begin_superblock(uint32_t part);
  void begin_trace(std::span<const AppPc> path);
  /// What begins is a block that is entered by its check.
  void set_checked() { checked_ = true; }
  /// Its blocks have several versions.
  void set_switched() { switched_ = true; }
  /// Which of the fragment's blocks is decided about next.
  void at_block(size_t number) { block_ = number; }
  Continue set_continue(Continue how) { return std::exchange(continue_, how); }

  bool is_trace() const { return !path_.empty(); }
  bool is_checked() const { return checked_; }
  bool is_switched() const { return switched_; }
  uint32_t part() const { return part_; }

  /// Whether the fragment goes on at `next`, which the block leads to by itself or by a jump.
  bool goes_on_at(AppPc next) const;
  /// The block of the path that comes next, if the trace can go on there by a transfer of control.
  std::optional<AppPc> next_of_path() const;
  /// Whether a trace goes on at `next` where control runs off an edited list.
  bool list_goes_on_at(AppPc next) const;
  /// Whether the fragment goes on behind a paired call, at its landing place.
  bool lands_at(AppPc next) const;

  /// Whether a block ends where another one of the fragment begins.
  bool ends_where_it_meets() const { return path_.empty(); }
  /// Whether calls are made as the host's own.
  bool pairs_returns() const;
  /// Whether `call`, which ends a block of which `length` instructions are decoded, is a paired one
  /// that another fragment has, too, with the landing place of its return: a superblock that has
  /// begun before it ends ahead of it.
  bool is_laid_out_elsewhere(const Instruction& call, size_t length) const;
  /// Whether what is built may depend on slots of memory.
  bool uses_constants() const;
  /// Exits that lead to this address or back before it are counted.
  AppPc counted_from(const Instruction& last) const;
  /// The same of where control runs off the edited list of the block at `tag`.
  AppPc counted_from_list(AppPc tag) const;

 private:
  size_t blocks() const { return draft_.constituents.size(); }

  const cache::CodeCache& cache_;
  const Draft& draft_;
  const Layout& layout_;
  std::span<const AppPc> path_;  ///< of a trace; empty for a superblock
  size_t block_ = 0;
  uint32_t part_ = 0;
  bool checked_ = false;
  bool switched_ = false;
  Continue continue_ = Continue::kWhereItFits;
};

}  // namespace weft::translate

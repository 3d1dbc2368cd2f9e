// The second half of the entry of a block with several versions: what leads to all versions but the
// first. Works on one Draft, on the thread that owns it, for the length of one call.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "translate/draft.h"
#include "translate/instrument.h"
#include "translate/switch.h"

namespace weft::translate {

/// Compares a word, by flags.
void emit_compare(Draft& draft, const Word& word, int32_t value);
void emit_load_rcx(Draft& draft, const Word& word);
/// The rel32 field at `field` of the hot code goes to `target` there.
void lead_to(Draft& draft, uint32_t field, uint32_t target);

/// A tree whose leaves are the versions: at each step one selection is decided.
class SwitchRest {
 public:
  SwitchRest(Draft& draft, const SwitchHead& head, const PlannedBlock& block,
             std::span<const uint32_t> bodies)
      : draft_(draft), head_(head), block_(block), by_(block.by), bodies_(bodies) {}
  void emit();

 private:
  /// A selection that is still to be decided, in code that `field` leads to (0: what precedes it).
  struct Step {
    uint32_t field;
    size_t selection;
    size_t from;  ///< values before it have been compared; rcx is the word less the one before it
    size_t base;  ///< the version, as far as it is decided
  };
  /// A value, and which of the selection's it is.
  struct Sought {
    int32_t value;
    size_t index;
  };

  bool counts() const { return head_.form_ == SwitchHead::Form::kCount; }
  const Selection& selection(const Step& step) const { return by_.by[step.selection]; }
  void emit(const Step& step);
  void emit_in_a_row(const Step& step);
  /// Where the word holds `value`, the selection's `index`th. `last`: rcx is the word less that.
  void emit_test(const Step& step, int32_t value, size_t index, int32_t last);
  void emit_default(const Step& step);
  /// The outcome `index` of the selection is certain, and `field` leads on.
  void decide(const Step& step, size_t index, uint32_t field);
  void emit_search(const Step& step);
  /// Finds by halves which of `starts` is the last that is not above what can be loaded from
  /// `offset` of the thread's block.
  void emit_halves(uint32_t offset, const std::vector<int32_t>& starts, size_t low, size_t high,
                   const std::function<void(size_t)>& leaf);
  void emit_parts();

  Draft& draft_;
  const SwitchHead& head_;
  const PlannedBlock& block_;
  const Switch& by_;
  std::span<const uint32_t> bodies_;
  std::vector<Step> steps_;  ///< to be emitted
};

}  // namespace weft::translate

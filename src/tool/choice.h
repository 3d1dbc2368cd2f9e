// By what a block is switched, and which of its versions is being made. Lives for one call of the
// instrumenter, on its thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "tool/case_table.h"
#include "tool/part_table.h"
#include "weft/versions.h"

namespace weft::tool {

/// One user's versions of a block, as far as they are made: by his own word.
struct ChosenSet {
  Versions versions;
  BlockCases cases;
  bool is_restricted = false;  ///< the cases are those of a range, in order
};

/// The sets come up as tools ask for them; versions are numbered as in translate::Switch.
class Choice {
 public:
  /// Of what `box` holds; `only_default`: one version, for all values.
  Choice(Box box, bool only_default) : box_(std::move(box)), only_default_(only_default) {}

  const std::vector<ChosenSet>& sets() const { return sets_; }
  const Box& box() const { return box_; }
  const ChosenSet* find(Versions versions) const;
  /// The first time that a tool asks for the versions.
  const ChosenSet& add(Versions versions, BlockCases cases);

  /// How many versions there are of all sets together.
  size_t count() const;
  /// The one that is being made.
  void go_to(size_t version) { version_ = version; }
  /// Of which value of the set, as its position in the cases; their number: of the default.
  size_t position(const ChosenSet& set) const;
  Case case_of(const ChosenSet& set) const;

  /// The set with the most values.
  size_t largest() const;
  /// Leaves out the last values until there are no more versions than that.
  void cut_to(size_t most);

 private:
  std::vector<ChosenSet> sets_;
  Box box_;
  bool only_default_;
  size_t version_ = 0;
};

}  // namespace weft::tool

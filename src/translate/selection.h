// By what a block's versions are chosen. Values only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "translate/insertion.h"

namespace weft::translate {

/// What a block is chosen by in one respect: a word, and the values that have versions.
struct Selection {
  /// Of more values, the one that the word holds is searched for by halves.
  static constexpr size_t kMostInARow = 16;

  Word selector;
  std::vector<int32_t> values;  ///< all others have one version in common, the default

  /// Whether comparing the word with each value in turn is as good as comparing a copy: one
  /// comparison reads it once, and of its own word only the thread itself is a writer.
  bool one_reading() const { return selector.per_thread || values.size() == 1; }
  bool operator==(const Selection&) const = default;
};

/// Where the versions are that a block's first fragment does not have: in fragments that go by the
/// names of its parts (cache/part.h), each for a range of one word's values.
struct Parts {
  struct Start {
    int32_t from = 0;  ///< the first value of the range; the first range has all below, too
    uint32_t part = 0;
    bool operator==(const Start&) const = default;
  };
  Word selector;
  std::vector<Start> starts;  ///< in order; empty: there are no parts
  /// Of a shared selector: where the thread keeps what it has read, for the part to choose by.
  Word copy;

  bool operator==(const Parts&) const = default;
};

/// How the entry of a block chooses among its versions: by what is in one word, or in several. The
/// versions are those of the first selection's values in turn, then its default; of each of these,
/// the same for the next selection. So version 0 is for the first values, the last for none.
struct Switch {
  std::vector<Selection> by;
  bool has_missing = false;  ///< the last version stands for all that have not been made
  Parts parts;               ///< or for these. Of several selections there is version 0, and it
  /// Not 0: the same for all blocks that are chosen by the same words and have the same first
  /// values.
  uint8_t name = 0;
  /// By version, or empty: what exits know that leave it. 0, or beyond the end: nothing. The same
  /// for all blocks that are chosen by the same words; of the first version it is `name`.
  std::vector<uint8_t> names = {};

  bool is_whole() const { return !has_missing && parts.starts.empty(); }
  /// How far apart the versions of two neighbouring values of a selection are, if it is whole.
  size_t stride(size_t selection) const;
  /// Whether it can be made by comparing the words themselves, where the flags are dead.
  bool compares() const;
  bool operator==(const Switch&) const = default;
};

}  // namespace weft::translate

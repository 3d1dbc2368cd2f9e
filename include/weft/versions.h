// Versions of a block: instrumented differently, chosen at the block's entry by what is in a word.
// Owned by weft, one for the whole run; values may be copied.
#pragma once

#include <cstdint>
#include <vector>

namespace weft {

/// What chooses among the versions of blocks. Made by Process::new_versions().
class Versions {
 public:
  Versions() = default;
  explicit Versions(uint32_t number) : number_(number) {}
  uint32_t number() const { return number_; }

 private:
  uint32_t number_ = ~uint32_t{0};
};

/// Values are more than -2^30 and less than 2^30. A word that holds something else leads to the
/// default version.
struct VersionOptions {
  /// Values that have a version of each block from the start, the most frequent first; at most 64,
  /// `most_dynamic` included. There may be none. The first is chosen in two instructions where the
  /// flags are dead and in four to six elsewhere; each further value takes two to four more. The
  /// versions of a block share 32 KB of code: of those that do not fit, the last ones are left out,
  /// and their values run the default one.
  std::vector<int32_t> values;
  /// How many values beyond `values` each block may get a version for once the program meets them.
  /// 0: none.
  uint32_t most_dynamic = 0;
  /// At which run of a block's default version, over all threads, the value that is then in the
  /// word becomes one of the block's (and of those that are laid out together with it). May be a
  /// little later if threads race. This run has the new version already: with 1 the default version
  /// runs only for values that get none.
  uint32_t threshold = 1000;
};

/// Which version of a block is being built.
struct Case {
  bool is_default = true;
  int32_t value = 0;  ///< if it is not the default

  bool is(int32_t other) const { return !is_default && value == other; }
};

}  // namespace weft

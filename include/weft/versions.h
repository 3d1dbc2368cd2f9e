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
  /// Values that have a version of each block from the start, the most frequent first; any number,
  /// or none. The first is chosen in two instructions where the flags are dead and in four to six
  /// elsewhere; each further one takes two to four more, up to 16; of more, one is found by halves
  /// (5 instructions a step). What does not fit into one fragment (65 versions, or 32 KB of code)
  /// is in others, which are built when a thread first comes there.
  std::vector<int32_t> values;
  /// How many values beyond `values` each block may get a version for once the program meets them.
  /// 0: none; ~0u: any number.
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

// The code of an action that puts numbers together: what of the language can be inserted, and as
// what. A value; one thread.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "trace/script.h"
#include "trace/sites.h"
#include "trace/values.h"
#include "weft/snippet.h"
#include "weft/tool.h"

namespace weft::tools::trace {

struct Access;

/// hist()'s words: numbers below 0, 0, and those of 1 to 63 bits.
inline constexpr uint32_t kHistogramWords = 65;
/// Of a snippet.
inline constexpr size_t kMostSteps = 64;

/// The statement of an action that is one "@x[constants] = SUM(...)"; null if it is not.
const Statement* sum_of(const Action& action);
/// Whether it is one, with the function as a key.
bool has_function_key(const Action& action);
bool is_constant(const Expression& key);
/// Of a key that is_constant().
Value constant_key(const Expression& key, const CodeSite& site);
/// Puts what `words` have more than before (of min() and max(), what they have) into the cell.
void add_words(Cell& cell, Call call, std::span<const uint64_t> words);

class SumCode {
 public:
  SumCode(const CodeSite& site, const Access& access, ThreadCounter table)
      : site_(site), access_(access), table_(table) {}

  // Each answers whether that could be done; if it could not, the code is of no use.
  /// Nothing of what follows runs if the condition does not hold.
  bool skip_unless(const Expression& condition);
  /// Whether add_to() can be done, too.
  bool check(const Statement& sum) const;
  /// The number goes to the words from `first` on of the thread's table.
  bool add_to(const Statement& sum, uint32_t first);
  const Snippet& end();

 private:
  bool compute(const Expression& expression);
  bool compute_builtin(const Expression& expression);
  bool compute_argument(int64_t number);
  bool compute_binary(const Expression& expression);
  bool skip_unless_compared(const Expression& condition);
  void count(uint32_t word);
  void add_value(uint32_t word);
  void add_to_histogram(uint32_t first);
  void keep_largest(uint32_t word, bool least);
  bool fits() const;

  const CodeSite& site_;
  const Access& access_;
  ThreadCounter table_;
  Snippet code_;
  std::vector<Snippet::Label> ends_;
};

}  // namespace weft::tools::trace

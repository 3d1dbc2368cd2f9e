#include "trace/sum_code.h"

#include <algorithm>
#include <limits>
#include <optional>

#include "trace/sums.h"

namespace weft::tools::trace {
namespace {

using Kind = Expression::Kind;

constexpr Scratch kA = Scratch::kFirst;   ///< the number
constexpr Scratch kB = Scratch::kSecond;  ///< the table
constexpr uint64_t kSign = uint64_t{1} << 63;
constexpr Register kArguments[] = {Register::kRdi, Register::kRsi, Register::kRdx,
                                   Register::kRcx, Register::kR8,  Register::kR9};

bool is_number_of_32_bits(const Expression& expression) {
  return expression.kind == Kind::kNumber &&
         expression.number >= std::numeric_limits<int32_t>::min() &&
         expression.number <= std::numeric_limits<int32_t>::max();
}

/// What does not hold if the comparison holds; nothing for other operators.
std::optional<Comparison> opposite(Operator op) {
  switch (op) {
    case Operator::kEqual:
      return Comparison::kNotEqual;
    case Operator::kNotEqual:
      return Comparison::kEqual;
    case Operator::kLess:
      return Comparison::kNotLess;
    case Operator::kNotGreater:
      return Comparison::kGreater;
    case Operator::kGreater:
      return Comparison::kNotGreater;
    case Operator::kNotLess:
      return Comparison::kLess;
    default:
      return std::nullopt;
  }
}

int32_t offset_of(uint32_t word) { return static_cast<int32_t>(word * sizeof(uint64_t)); }

void add_histogram(Cell& cell, std::span<const uint64_t> words) {
  for (size_t i = 0; i < words.size(); ++i) {
    if (words[i] == 0) continue;
    const int64_t lower = i == 0 ? -1 : i == 1 ? 0 : int64_t{1} << (i - 2);
    cell.buckets[lower] += words[i];
    cell.count += static_cast<int64_t>(words[i]);
  }
}

}  // namespace

bool is_constant(const Expression& key) {
  return key.kind == Kind::kText || key.kind == Kind::kNumber ||
         (key.kind == Kind::kBuiltin &&
          (key.builtin == Builtin::kProbe || key.builtin == Builtin::kFunction));
}

Value constant_key(const Expression& key, const CodeSite& site) {
  if (key.kind == Kind::kNumber) return Value::of(key.number);
  if (key.kind == Kind::kText) return Value::of(key.text);
  return Value::of(key.builtin == Builtin::kProbe ? site.probe->text : site.function);
}

const Statement* sum_of(const Action& action) {
  if (action.body.size() != 1) return nullptr;
  const Statement& only = action.body.front();
  const bool is_sum = only.kind == Statement::Kind::kAssign && only.target->kind == Kind::kMap &&
                      only.value->kind == Kind::kCall && only.value->call >= Call::kCount &&
                      only.value->call != Call::kLhist;
  const auto& keys = only.target ? only.target->operands : action.body.front().value->operands;
  return is_sum && std::all_of(keys.begin(), keys.end(),
                               [](const ExpressionPtr& key) { return is_constant(*key); })
             ? &only
             : nullptr;
}

bool has_function_key(const Action& action) {
  const Statement* const sum = sum_of(action);
  if (sum == nullptr) return false;
  return std::any_of(sum->target->operands.begin(), sum->target->operands.end(),
                     [](const ExpressionPtr& key) {
                       return key->kind == Kind::kBuiltin && key->builtin == Builtin::kFunction;
                     });
}

void add_words(Cell& cell, Call call, std::span<const uint64_t> words) {
  cell.kind = call;
  switch (call) {
    case Call::kHist:
      return add_histogram(cell, words);
    case Call::kMin:
    case Call::kMax: {
      const uint64_t biased = call == Call::kMin ? ~words[0] : words[0];
      const auto number = static_cast<int64_t>(biased ^ kSign);
      cell.least = cell.count == 0 ? number : std::min(cell.least, number);
      cell.most = cell.count == 0 ? number : std::max(cell.most, number);
      cell.count = std::max<int64_t>(cell.count, 1);
      return;
    }
    default:
      cell.count += static_cast<int64_t>(words[0]);
      cell.sum += static_cast<int64_t>(words[1]);
  }
}

bool SumCode::skip_unless(const Expression& condition) {
  if (condition.kind == Kind::kBinary && condition.op == Operator::kBoth) {
    return skip_unless(*condition.operands[0]) && skip_unless(*condition.operands[1]);
  }
  if (condition.kind == Kind::kBinary && opposite(condition.op)) {
    return skip_unless_compared(condition);
  }
  if (!compute(condition)) return false;
  ends_.push_back(code_.skip_if(kA, Comparison::kEqual, 0));
  return fits();
}

bool SumCode::skip_unless_compared(const Expression& condition) {
  const Expression& right = *condition.operands[1];
  if (!is_number_of_32_bits(right) || !compute(*condition.operands[0])) return false;
  ends_.push_back(code_.skip_if(kA, *opposite(condition.op), static_cast<int32_t>(right.number)));
  return fits();
}

bool SumCode::check(const Statement& sum) const {
  SumCode trial(site_, access_, table_);
  return trial.add_to(sum, 0) && trial.code_.steps().size() + code_.steps().size() <= kMostSteps;
}

bool SumCode::add_to(const Statement& sum, uint32_t first) {
  const Expression& call = *sum.value;
  const bool counts = call.call == Call::kCount || call.call == Call::kSum ||
                      call.call == Call::kAvg || call.call == Call::kStats;
  if (counts) count(first);
  if (call.call == Call::kCount) return fits();
  if (!compute(*call.operands[0])) return false;
  if (counts) {
    add_value(first + 1);
  } else if (call.call == Call::kHist) {
    add_to_histogram(first);
  } else {
    keep_largest(first, call.call == Call::kMin);
  }
  return fits();
}

void SumCode::count(uint32_t word) {
  code_.set(kB, thread_counter(table_)).load(kA, kB, offset_of(word)).add(kA, 1);
  code_.store(kB, kA, offset_of(word));
}

void SumCode::add_value(uint32_t word) {
  code_.set(kB, thread_counter(table_)).load(kB, kB, offset_of(word)).add(kB, kA);
  code_.set(kA, thread_counter(table_)).store(kA, kB, offset_of(word));
}

void SumCode::add_to_histogram(uint32_t first) {
  // All numbers below 0 are -1, which comes before 0.
  const Snippet::Label positive = code_.skip_if(kA, Comparison::kNotLess, 0);
  code_.set(kA, weft::Value(~uint64_t{0}));
  const Snippet::Label negative = code_.skip_if(kA, Comparison::kLess, 0);
  code_.here(positive).bit_length(kA).here(negative);
  code_.shift_left(kA, 3).set(kB, thread_counter(table_)).add(kA, kB);
  code_.load(kB, kA, offset_of(first + 1)).add(kB, 1).store(kA, kB, offset_of(first + 1));
}

/// In words that are 0 at first: as unsigned numbers, above which all others lie.
void SumCode::keep_largest(uint32_t word, bool least) {
  code_.set(kB, weft::Value(kSign)).bit_xor(kA, kB);
  if (least) code_.bit_xor(kA, -1);
  code_.set(kB, thread_counter(table_)).load(kB, kB, offset_of(word));
  const Snippet::Label smaller = code_.skip_if(kA, Comparison::kNotAbove, kB);
  code_.set(kB, thread_counter(table_)).store(kB, kA, offset_of(word)).here(smaller);
}

bool SumCode::fits() const { return code_.steps().size() + ends_.size() <= kMostSteps; }

const Snippet& SumCode::end() {
  for (const Snippet::Label each : ends_) code_.here(each);
  return code_;
}

bool SumCode::compute(const Expression& expression) {
  switch (expression.kind) {
    case Kind::kNumber:
      code_.set(kA, weft::Value(static_cast<uint64_t>(expression.number)));
      return true;
    case Kind::kBuiltin:
      return compute_builtin(expression);
    case Kind::kUnary:
      if (expression.op == Operator::kNot || !compute(*expression.operands[0])) return false;
      code_.bit_xor(kA, -1);
      if (expression.op == Operator::kNegate) code_.add(kA, 1);
      return true;
    case Kind::kBinary:
      return compute_binary(expression);
    default:
      return false;
  }
}

bool SumCode::compute_argument(int64_t number) {
  if (number < 0 || number >= static_cast<int64_t>(std::size(kArguments))) return false;
  code_.set(kA, register_value(kArguments[number]));
  return true;
}

bool SumCode::compute_builtin(const Expression& expression) {
  switch (expression.builtin) {
    case Builtin::kArgument:
      return compute_argument(expression.number);
    case Builtin::kRegister:
      code_.set(kA, register_value(static_cast<Register>(expression.number)));
      return true;
    case Builtin::kAddress:
      if (access_.operand < 0) return false;
      code_.set(kA, memory_address(access_.operand));
      return true;
    case Builtin::kSize:
      code_.set(kA, weft::Value(uint64_t{access_.size}));
      return true;
    case Builtin::kParameter: {
      const auto found = site_.parameters.find(expression.text);
      if (found == site_.parameters.end()) return false;
      const ParameterPath& path = found->second;
      // What is in memory cannot be read without the risk of a fault.
      if (!path.offsets.empty() || !compute_argument(path.argument)) return false;
      const int above = 64 - path.shift - path.bits;
      code_.shift_left(kA, static_cast<uint8_t>(above));
      code_.shift_right(kA, static_cast<uint8_t>(above + path.shift));
      if (!path.is_signed || path.bits == 64) return true;
      code_.set(kB, weft::Value(uint64_t{1} << (path.bits - 1))).bit_xor(kA, kB).subtract(kA, kB);
      return true;
    }
    default:
      return false;
  }
}

bool SumCode::compute_binary(const Expression& expression) {
  const Expression& right = *expression.operands[1];
  if (!is_number_of_32_bits(right) || !compute(*expression.operands[0])) return false;
  const auto number = static_cast<int32_t>(right.number);
  const bool is_shift = number >= 0 && number < 64;
  switch (expression.op) {
    case Operator::kAdd:
      return code_.add(kA, number), true;
    case Operator::kSubtract:
      return code_.subtract(kA, number), true;
    case Operator::kAnd:
      return code_.bit_and(kA, number), true;
    case Operator::kOr:
      return code_.bit_or(kA, number), true;
    case Operator::kXor:
      return code_.bit_xor(kA, number), true;
    case Operator::kShiftLeft:
      return is_shift && (code_.shift_left(kA, static_cast<uint8_t>(number)), true);
    case Operator::kShiftRight:
      return is_shift && (code_.shift_right(kA, static_cast<uint8_t>(number)), true);
    default:
      return false;
  }
}

}  // namespace weft::tools::trace

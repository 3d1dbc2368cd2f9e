// A few machine instructions of a tool's own, by what they do: the engine chooses the registers,
// and saves what the program still needs. A value of one thread's; Insertion::code() copies it.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "weft/values.h"

namespace weft {

/// A 64-bit register that a snippet may use. Which one it is, is decided where the snippet is
/// laid out: one that is dead there, if there is one; what is in others is kept meanwhile.
/// Undefined until it is set.
enum class Scratch : uint8_t { kFirst, kSecond };
inline constexpr uint32_t kScratches = 2;

/// How two numbers of 64 bits compare; kBelow and kAbove take them as unsigned, kLess and kGreater
/// as signed.
enum class Comparison : uint8_t {
  kBelow = 2,
  kNotBelow = 3,
  kEqual = 4,
  kNotEqual = 5,
  kNotAbove = 6,
  kAbove = 7,
  kLess = 12,
  kNotLess = 13,
  kNotGreater = 14,
  kGreater = 15,
};

/// One operation of a Snippet.
struct SnippetStep {
  enum class Kind : uint8_t {
    kSet,        ///< `to` = `value`
    kCopy,       ///< `to` = `from`
    kLoad,       ///< `to` = `width` bytes at `from` + `number`, zero-extended
    kStore,      ///< the low `width` bytes of `from` go to `to` + `number`
    kCountByte,  ///< the byte at `to` + `number` + 1, where 255 is followed by 1
    kStoreWord,  ///< `from` goes to the ThreadCounter of slot `number`
    kCompute,    ///< `to` = `to` `operation` (`from`, or `number` if `constant`)
    kBitLength,  ///< `to` = the number of its bits
    kSkip,       ///< goes on at label `label` if `to` compares by `operation` with the same
    kHere,       ///< label `label`
  };
  /// Of kCompute.
  enum Operation : uint8_t { kAdd, kSubtract, kAnd, kOr, kXor, kShiftLeft, kShiftRight };

  Kind kind = Kind::kSet;
  uint8_t operation = 0;
  Scratch to = Scratch::kFirst;
  Scratch from = Scratch::kFirst;
  bool constant = false;
  uint8_t width = 8;
  uint32_t label = 0;
  int64_t number = 0;
  Value value;
};

/// Operations in their order, 64 at most, with jumps that lead forwards. All arithmetic is that of
/// 64 bits. The program's registers are read and never changed; flags that it may still read are
/// kept if an operation changes any, in some six instructions. What a load or store faults at is a
/// fault of the program's instruction at the place, with the state that the program has there, but
/// for what is dead. All operations together read 11 of the program's registers at most.
class Snippet {
 public:
  /// Where skip_if() leads to.
  class Label {
   public:
    uint32_t number() const { return number_; }

   private:
    friend class Snippet;
    explicit Label(uint32_t number) : number_(number) {}
    uint32_t number_;
  };

  /// `to` = `value`: a constant or pointer, register_value() (the program's, as at the
  /// place), memory_address(), thread_id() or thread_counter().
  Snippet& set(Scratch to, Value value);
  /// `to` = `from`
  Snippet& set(Scratch to, Scratch from);
  /// `to` = the `width` (1, 2, 4, 8) bytes at `address` + `displacement`, zero-extended.
  Snippet& load(Scratch to, Scratch address, int32_t displacement = 0, uint8_t width = 8);
  /// Stores the low `width` bytes of `from` there.
  Snippet& store(Scratch address, Scratch from, int32_t displacement = 0, uint8_t width = 8);
  /// Adds 1 to the byte at `address` + `displacement`; 255 is followed by 1, so that what has run
  /// never looks as if it had not. Two instructions; not exact where threads count in one byte.
  Snippet& count_byte(Scratch address, int32_t displacement = 0);
  /// The thread's own value of `counter` = `from`. Conditions of what is added behind the snippet
  /// may look at it.
  Snippet& store(ThreadCounter counter, Scratch from);

  Snippet& add(Scratch to, Scratch from) { return compute(SnippetStep::kAdd, to, from); }
  Snippet& add(Scratch to, int32_t number) { return compute(SnippetStep::kAdd, to, number); }
  Snippet& subtract(Scratch to, Scratch from) { return compute(SnippetStep::kSubtract, to, from); }
  Snippet& subtract(Scratch to, int32_t number) {
    return compute(SnippetStep::kSubtract, to, number);
  }
  Snippet& bit_and(Scratch to, Scratch from) { return compute(SnippetStep::kAnd, to, from); }
  /// `number` is sign-extended, here and below.
  Snippet& bit_and(Scratch to, int32_t number) { return compute(SnippetStep::kAnd, to, number); }
  Snippet& bit_or(Scratch to, Scratch from) { return compute(SnippetStep::kOr, to, from); }
  Snippet& bit_or(Scratch to, int32_t number) { return compute(SnippetStep::kOr, to, number); }
  Snippet& bit_xor(Scratch to, Scratch from) { return compute(SnippetStep::kXor, to, from); }
  Snippet& bit_xor(Scratch to, int32_t number) { return compute(SnippetStep::kXor, to, number); }
  /// By 0 to 63 bits.
  Snippet& shift_left(Scratch to, uint8_t bits) {
    return compute(SnippetStep::kShiftLeft, to, int32_t{bits});
  }
  /// The same; zeros come in.
  Snippet& shift_right(Scratch to, uint8_t bits) {
    return compute(SnippetStep::kShiftRight, to, int32_t{bits});
  }

  /// `to` = the number of its bits: 0 of 0, 63 at most; of numbers from 2^63 on it is undefined.
  Snippet& bit_length(Scratch to) {
    append(SnippetStep::Kind::kBitLength, to);
    return *this;
  }

  /// Goes on at the label, which here() has to place further on, if the two compare so.
  Label skip_if(Scratch left, Comparison comparison, Scratch right);
  Label skip_if(Scratch left, Comparison comparison, int32_t right);
  /// Places a label, once.
  Snippet& here(Label label);

  std::span<const SnippetStep> steps() const { return steps_; }
  /// How many there are.
  uint32_t labels() const { return labels_; }

 private:
  Snippet& compute(SnippetStep::Operation operation, Scratch to, Scratch from);
  Snippet& compute(SnippetStep::Operation operation, Scratch to, int32_t number);
  Label skip(SnippetStep step, Scratch left, Comparison comparison);
  SnippetStep& append(SnippetStep::Kind kind, Scratch to);

  std::vector<SnippetStep> steps_;
  uint32_t labels_ = 0;
};

inline SnippetStep& Snippet::append(SnippetStep::Kind kind, Scratch to) {
  SnippetStep& step = steps_.emplace_back();
  step.kind = kind;
  step.to = to;
  return step;
}

inline Snippet& Snippet::set(Scratch to, Value value) {
  append(SnippetStep::Kind::kSet, to).value = value;
  return *this;
}

inline Snippet& Snippet::set(Scratch to, Scratch from) {
  append(SnippetStep::Kind::kCopy, to).from = from;
  return *this;
}

inline Snippet& Snippet::load(Scratch to, Scratch address, int32_t displacement, uint8_t width) {
  SnippetStep& step = append(SnippetStep::Kind::kLoad, to);
  step.from = address;
  step.number = displacement;
  step.width = width;
  return *this;
}

inline Snippet& Snippet::store(Scratch address, Scratch from, int32_t displacement, uint8_t width) {
  SnippetStep& step = append(SnippetStep::Kind::kStore, address);
  step.from = from;
  step.number = displacement;
  step.width = width;
  return *this;
}

inline Snippet& Snippet::count_byte(Scratch address, int32_t displacement) {
  append(SnippetStep::Kind::kCountByte, address).number = displacement;
  return *this;
}

inline Snippet& Snippet::store(ThreadCounter counter, Scratch from) {
  SnippetStep& step = append(SnippetStep::Kind::kStoreWord, from);
  step.from = from;
  step.number = counter.slot();
  return *this;
}

inline Snippet& Snippet::compute(SnippetStep::Operation operation, Scratch to, Scratch from) {
  SnippetStep& step = append(SnippetStep::Kind::kCompute, to);
  step.operation = operation;
  step.from = from;
  return *this;
}

inline Snippet& Snippet::compute(SnippetStep::Operation operation, Scratch to, int32_t number) {
  SnippetStep& step = append(SnippetStep::Kind::kCompute, to);
  step.operation = operation;
  step.constant = true;
  step.number = number;
  return *this;
}

inline Snippet::Label Snippet::skip(SnippetStep step, Scratch left, Comparison comparison) {
  step.kind = SnippetStep::Kind::kSkip;
  step.to = left;
  step.operation = static_cast<uint8_t>(comparison);
  step.label = labels_;
  steps_.push_back(step);
  return Label(labels_++);
}

inline Snippet::Label Snippet::skip_if(Scratch left, Comparison comparison, Scratch right) {
  SnippetStep step;
  step.from = right;
  return skip(step, left, comparison);
}

inline Snippet::Label Snippet::skip_if(Scratch left, Comparison comparison, int32_t right) {
  SnippetStep step;
  step.constant = true;
  step.number = right;
  return skip(step, left, comparison);
}

inline Snippet& Snippet::here(Label label) {
  append(SnippetStep::Kind::kHere, Scratch::kFirst).label = label.number();
  return *this;
}

}  // namespace weft

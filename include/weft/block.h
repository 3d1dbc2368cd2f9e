// What a tool adds to a basic block while it is built. A Block is valid during on_block() only, on
// the building thread; what is added to it may run on all threads until the fragment is deleted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <type_traits>

#include "weft/instruction.h"
#include "weft/snippet.h"
#include "weft/values.h"
#include "weft/versions.h"

/// For functions that are to be cheap to call from inserted code (Insertion::call): compiled
/// without vector registers, which compilers use for integers, too, without calls of memset() and
/// the like in the place of loops, and without jump tables.
#if defined(__clang__)
#define WEFT_GENERAL_REGISTERS_ONLY __attribute__((target("general-regs-only")))
#else
#define WEFT_GENERAL_REGISTERS_ONLY           \
  __attribute__((target("general-regs-only"), \
                 optimize("no-tree-loop-distribute-patterns", "no-jump-tables")))
#endif

namespace weft {

class Thread;
class CallContext;

/// One field of a record; fields follow one another without gaps.
struct Field {
  Value value;
  uint8_t width = 8;  ///< bytes stored: 1, 2, 4 or 8
};

/// Before or after an instruction of a block.
struct Place {
  uint32_t index = 0;
  bool after = false;
};

/// When Insertion::set_once() takes its addition out of the code: a change of code that runs, which
/// costs some 300 ns.
enum class Removal : uint8_t {
  kAtOnce,  ///< at its first execution
  kSoon,    ///< in a young process later, if it still runs; until then the counter is set each time
};

/// Lets the one addition that follows it run only if a word compares so. Two flag-free
/// instructions and a jump.
struct Condition {
  enum class Kind : uint8_t {
    kNone,
    kNonZero,  ///< word != 0
    kZero,     ///< word == 0
    kLess,     ///< word < bound, both taken as signed and less than 2^55 apart
    kEqual,    ///< word == bound
  };
  Kind kind = Kind::kNone;
  bool per_thread = false;
  uint64_t* cell = nullptr;  ///< of a Counter, if !per_thread
  uint32_t slot = 0;         ///< of a ThreadCounter, if per_thread
  int32_t bound = 0;
};

class Insertion;

/// A basic block of the program that is being translated: instructions that run one after the
/// other, entered at the first alone. Tools in the order of the command line see the same block,
/// and what they add at one place runs in that order.
class Block {
 public:
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;

  /// Where the block starts; also names it to Code::delete_fragment().
  virtual Address tag() const = 0;
  virtual Range range() const = 0;
  virtual size_t size() const = 0;  ///< instructions, at least 1
  virtual const Instruction& operator[](size_t index) const = 0;

  class Iterator {
   public:
    Iterator(const Block* block, size_t index) : block_(block), index_(index) {}
    const Instruction& operator*() const { return (*block_)[index_]; }
    Iterator& operator++() { return ++index_, *this; }
    bool operator!=(const Iterator& other) const { return index_ != other.index_; }

   private:
    const Block* block_;
    size_t index_;
  };
  Iterator begin() const { return {this, 0}; }
  Iterator end() const { return {this, size()}; }

  /// Additions in front of instruction `index`. They run each time before the instruction does, and
  /// once more where a fault in it was handled by running it again; a signal that arrives between
  /// the two waits for the instruction's end, so that it does not count twice.
  Insertion before(size_t index);
  /// Additions behind an instruction that goes on with the next (not one that transfers control:
  /// can_insert_after()). They do not run if the instruction faults.
  Insertion after(size_t index);
  bool can_insert_after(size_t index) const {
    return (*this)[index].kind() == InstructionKind::kPlain;
  }
  /// Additions that run once each time the block is entered, wherever in the block that is cheapest
  /// (where the flags are dead): for counters.
  Insertion anywhere();

  /// The instruction is left out. It must be one that goes on with the next.
  virtual void remove(size_t index) = 0;
  /// These bytes, at most 64, run in place of the instruction, which must go on with the next; so
  /// must they. They are copied as they are: no RIP-relative operands, no gs, no transfers of
  /// control.
  virtual void replace(size_t index, std::span<const uint8_t> code) = 0;

  // The additions, as Insertion's functions call them. A place, an operand or a width that does not
  // exist stops the process with a message that names the tool's mistake.
  virtual void add_to_counter(Place place, Condition condition, Counter counter, int32_t amount,
                              bool atomic) = 0;
  virtual void add_to_thread_counter(Place place, Condition condition, ThreadCounter counter,
                                     int32_t amount) = 0;
  virtual void set_counter_once(Place place, Condition condition, Counter counter, int32_t value,
                                Removal removal) = 0;
  virtual void add_to_tally(Place place, Condition condition, Tally tally, int32_t amount) = 0;
  virtual void set_thread_counter(Place place, Condition condition, ThreadCounter counter,
                                  int32_t value) = 0;
  virtual void add_call(Place place, Condition condition, void (*function)(),
                        std::span<const Value> arguments) = 0;
  virtual void add_record(Place place, Condition condition, Buffer buffer,
                          std::span<const Field> fields) = 0;
  /// As replace(): runs `code` there. It may use the program's registers as it finds them; what it
  /// changes stays changed, but for `scratch` registers (bit r for register r; not rsp), which are
  /// saved and restored around it.
  virtual void add_code(Place place, Condition condition, std::span<const uint8_t> code,
                        uint16_t scratch) = 0;

  virtual void add_snippet(Place place, Condition condition, const Snippet& snippet) = 0;

  /// Makes the block one of several versions. on_block() is then called once for each version, each
  /// time with the bare block, and this tells which it is: what is added then belongs to that
  /// version alone. All tools' additions are made anew for each version. All but the first
  /// may be made later, when a thread is about to run one of them. The word is read when a
  /// thread enters the block by an indirect branch, a return or an event, and when a block before
  /// it made a clean call or changed the word; where blocks follow one another without, by direct
  /// jumps or calls or as they are laid out, the version of the first goes on. So what the thread
  /// itself does is seen by the next block (what a buffer's callback does, by the next loop at the
  /// latest). What another thread does to a ThreadCounter by set() or reset() is seen at once: the
  /// thread leaves its code, at the cost of a signal, and enters it by the word. A Counter, which
  /// anybody may change, is read at jumps and calls backwards, too, and so in each round of a loop.
  /// If the versions of a long block do not fit into one fragment, it is cut into shorter ones, or
  /// has parts in fragments of their own. Blocks for which it is not called have one version. Tools
  /// may choose by several Versions in one block: it then has a version for each combination of
  /// their values, and each tool is told its own.
  virtual Case choose(Versions versions) = 0;

  /// A general register that is dead at the place (written before it is read, within the block), or
  /// kNone.
  virtual Register dead_register(Place place) const = 0;
  /// Whether every arithmetic flag is dead there.
  virtual bool flags_dead(Place place) const = 0;

 protected:
  Block() = default;
  ~Block() = default;
};

/// A place in a block, and what can be added there. Costs are those of each execution.
class Insertion {
 public:
  Insertion(Block& block, Place place) : block_(block), place_(place) {}

  /// counter += amount: one instruction where the flags are dead, three to five elsewhere.
  void add(Counter counter, int32_t amount = 1) {
    block_.add_to_counter(place_, condition_, counter, amount, false);
  }
  /// The same by a locked instruction (about 20 cycles): exact whoever else counts.
  void add_atomic(Counter counter, int32_t amount = 1) {
    block_.add_to_counter(place_, condition_, counter, amount, true);
  }
  /// As add(Counter); exact, since each thread has its own.
  void add(ThreadCounter counter, int32_t amount = 1) {
    block_.add_to_thread_counter(place_, condition_, counter, amount);
  }
  /// The cheapest way to count what happens often.
  void add(Tally tally, int32_t amount = 1) {
    block_.add_to_tally(place_, condition_, tally, amount);
  }
  /// counter = value, and weft takes the addition out of the code: from then on it costs as much as
  /// a no-op. Each copy of the block that is built does so once, or once more where threads race.
  /// With Removal::kSoon it may do so more often, for the first 50 ms of CPU time of a process, or
  /// until that has a second thread: good for short processes, where it is cheaper.
  void set_once(Counter counter, int32_t value = 1, Removal removal = Removal::kAtOnce) {
    block_.set_counter_once(place_, condition_, counter, value, removal);
  }
  void set(ThreadCounter counter, int32_t value) {
    block_.set_thread_counter(place_, condition_, counter, value);
  }

  /// A clean call: saves the program's whole state, vector registers included (some 200 ns), then
  /// calls `function` on the thread's runtime stack with up to six arguments. The function may use
  /// all of C++, may read and change the state through CallContext, may delete fragments (its own,
  /// too) and use everything else whose comment does not say otherwise. It must not throw out and
  /// must not block for long: what is deleted is not reclaimed until the thread leaves the cache.
  /// Signals of the program wait. What is not needed is not saved: a function that touches general
  /// registers and memory alone costs some 15 ns. That is found out by decoding it with all that it
  /// calls directly in its own library; indirect calls (virtual functions, other libraries'),
  /// thread-local variables and arguments by current_thread() or call_context() are too much.
  /// WEFT_GENERAL_REGISTERS_ONLY has the compiler keep to it.
  template <typename... Parameters, typename... Arguments>
  void call(void (*function)(Parameters...), Arguments... arguments) {
    static_assert(sizeof...(Parameters) == sizeof...(Arguments), "one argument a parameter");
    static_assert(sizeof...(Parameters) <= 6, "no more than six arguments");
    static_assert(((std::is_integral_v<Parameters> || std::is_pointer_v<Parameters> ||
                    std::is_enum_v<Parameters> || std::is_reference_v<Parameters>)&&...),
                  "parameters are integers, enums, pointers or references");
    const std::initializer_list<Value> list{Value(arguments)...};
    block_.add_call(place_, condition_, reinterpret_cast<void (*)()>(function),
                    std::span(list.begin(), list.size()));
  }

  /// Appends a record to the thread's buffer; when it is full the buffer's callback runs, on the
  /// thread, as in a clean call. About as many instructions as fields and six more.
  void record(Buffer buffer, std::initializer_list<Field> fields) {
    block_.add_record(place_, condition_, buffer, std::span(fields.begin(), fields.size()));
  }
  void record(Buffer buffer, std::span<const Field> fields) {
    block_.add_record(place_, condition_, buffer, fields);
  }

  /// A few operations of the tool's own, without a call: as many instructions, and two for each
  /// register that is not dead at the place.
  void code(const Snippet& snippet) { block_.add_snippet(place_, condition_, snippet); }
  /// Machine code of the tool's own; see Block::add_code().
  void code(std::span<const uint8_t> bytes, uint16_t scratch = 0) {
    block_.add_code(place_, condition_, bytes, scratch);
  }

  /// The next addition through the result runs only if the word compares so.
  Insertion if_nonzero(Counter word) const { return given(Condition::Kind::kNonZero, word, 0); }
  Insertion if_nonzero(ThreadCounter word) const {
    return given(Condition::Kind::kNonZero, word, 0);
  }
  Insertion if_zero(Counter word) const { return given(Condition::Kind::kZero, word, 0); }
  Insertion if_zero(ThreadCounter word) const { return given(Condition::Kind::kZero, word, 0); }
  Insertion if_less(Counter word, int32_t bound) const {
    return given(Condition::Kind::kLess, word, bound);
  }
  Insertion if_less(ThreadCounter word, int32_t bound) const {
    return given(Condition::Kind::kLess, word, bound);
  }
  Insertion if_equal(Counter word, int32_t bound) const {
    return given(Condition::Kind::kEqual, word, bound);
  }
  Insertion if_equal(ThreadCounter word, int32_t bound) const {
    return given(Condition::Kind::kEqual, word, bound);
  }

  Place place() const { return place_; }

 private:
  Insertion given(Condition::Kind kind, Counter word, int32_t bound) const {
    Insertion result(block_, place_);
    result.condition_ = {kind, false, word.cell(), 0, bound};
    return result;
  }
  Insertion given(Condition::Kind kind, ThreadCounter word, int32_t bound) const {
    Insertion result(block_, place_);
    result.condition_ = {kind, true, nullptr, word.slot(), bound};
    return result;
  }

  Block& block_;
  Place place_;
  Condition condition_;
};

/// Place::index of Block::anywhere().
inline constexpr uint32_t kAnywhere = ~uint32_t{0};

inline Insertion Block::before(size_t index) {
  return {*this, {static_cast<uint32_t>(index), false}};
}
inline Insertion Block::after(size_t index) {
  return {*this, {static_cast<uint32_t>(index), true}};
}
inline Insertion Block::anywhere() { return {*this, {kAnywhere, false}}; }

}  // namespace weft

// What inserted code counts in, and what it can be given. Counters are made by Process and live as
// long as the process; values may be copied and used on any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "weft/instruction.h"

namespace weft {

/// A 64-bit counter that all threads share, in memory that inlined code reaches at once. Made by
/// Process::new_counter(); copies name the same counter. Lives as long as the process.
class Counter {
 public:
  Counter() = default;
  explicit Counter(uint64_t* cell) : cell_(cell) {}
  /// May be read and set by any thread at any time; add() by plain counting loses some increments
  /// where threads race, add_atomic() does not.
  uint64_t get() const { return __atomic_load_n(cell_, __ATOMIC_RELAXED); }
  void set(uint64_t value) const { __atomic_store_n(cell_, value, __ATOMIC_RELAXED); }
  uint64_t* cell() const { return cell_; }

 private:
  uint64_t* cell_ = nullptr;
};

/// A 64-bit word of which each thread has its own, 0 when the thread starts; inlined code reaches
/// it in one instruction. Made by Process::new_thread_counter(); read by Thread::get() and
/// Process::sum(). There are kThreadCounters of them for all tools together.
class ThreadCounter {
 public:
  ThreadCounter() = default;
  explicit ThreadCounter(uint32_t slot) : slot_(slot) {}
  uint32_t slot() const { return slot_; }

 private:
  uint32_t slot_ = ~uint32_t{0};
};
inline constexpr uint32_t kThreadCounters = 128;

/// As a ThreadCounter, but inlined code can do nothing with it but add. That is cheaper: weft keeps
/// it as several words, so that an addition does not wait for the one before it. Made by
/// Process::new_tally(); read by Thread::get() and Process::sum(). There are kTallies of them for
/// all tools together.
class Tally {
 public:
  Tally() = default;
  explicit Tally(uint32_t slot) : slot_(slot) {}
  uint32_t slot() const { return slot_; }

 private:
  uint32_t slot_ = ~uint32_t{0};
};
inline constexpr uint32_t kTallies = 8;

/// A buffer of records, one a thread. Made by Process::new_buffer().
class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(uint32_t number) : number_(number) {}
  uint32_t number() const { return number_; }

 private:
  uint32_t number_ = ~uint32_t{0};
};

/// One access of the program to memory.
struct MemoryAccess {
  Address address = 0;
  uint32_t size = 0;  ///< bytes
  bool read = false;
  bool written = false;
};

/// Those of one operand, in the order of their addresses or of the elements; there may be none.
/// Valid during the call that got it.
class MemoryAccesses {
 public:
  MemoryAccesses(const MemoryAccess* first, size_t count) : first_(first), count_(count) {}
  const MemoryAccess* begin() const { return first_; }
  const MemoryAccess* end() const { return first_ + count_; }
  size_t size() const { return count_; }

 private:
  const MemoryAccess* first_;
  size_t count_;
};

/// A part of a record, or an argument of a call. Implicit from integers, enums and pointers: those
/// are constants of the place.
struct Value {
  enum class Kind : uint8_t {
    kConstant,       ///< `number`
    kRegister,       ///< the program's value of register `number`
    kFlags,          ///< the program's rflags. In calls only.
    kMemoryAddress,  ///< effective address of operand `number`, segment base included
    kMemoryValue,    ///< what is in operand `number` before the instruction, up to 8 bytes, zero-
                     ///< extended; 0 where it cannot be read. In calls only.
    kThread,         ///< Thread*. In calls only.
    kThreadId,       ///< the kernel's number of the thread (gettid)
    kContext,        ///< CallContext*. In calls only.
    kThreadCounter,  ///< the thread's value of ThreadCounter `number`
    kAccesses,       ///< MemoryAccesses* of operand `number`. In calls only.
    kBranchTaken,    ///< 1 if the conditional jump will be taken, 0 if not. In calls only.
  };

  Kind kind = Kind::kConstant;
  uint64_t number = 0;

  constexpr Value() = default;
  constexpr Value(Kind k, uint64_t n) : kind(k), number(n) {}
  template <typename T>
  requires std::is_integral_v<T>
  constexpr Value(T constant) : number(static_cast<uint64_t>(constant)) {}
  template <typename T>
  requires std::is_enum_v<T>
  constexpr Value(T constant) : number(static_cast<uint64_t>(constant)) {}
  template <typename T>
  Value(T* constant) : number(reinterpret_cast<uint64_t>(constant)) {}
};

constexpr Value register_value(Register reg) {
  return {Value::Kind::kRegister, static_cast<uint64_t>(reg)};
}
constexpr Value flags_value() { return {Value::Kind::kFlags, 0}; }
/// `operand` as numbered in InstructionDetails::operands; see Instruction::memory_operand().
constexpr Value memory_address(int operand) {
  return {Value::Kind::kMemoryAddress, static_cast<uint64_t>(operand)};
}
constexpr Value memory_value(int operand) {
  return {Value::Kind::kMemoryValue, static_cast<uint64_t>(operand)};
}
/// For a parameter of type `const MemoryAccesses&`, in front of the instruction: what it is about
/// to access by memory operand `operand`, whichever kind of operand that is (Operand::Accesses). Of
/// a gather or scatter each element that is masked in; of other masked operands the runs of
/// elements that are; of xsave and its kin the parts of the area. Makes the call a clean one. Of
/// AMX's tiles nothing is listed; of a repeated instruction the first access, as if there were one.
constexpr Value memory_accesses(int operand) {
  return {Value::Kind::kAccesses, static_cast<uint64_t>(operand)};
}
/// In front of a conditional jump (InstructionKind::kConditionalJump): 1 if it is about to go to
/// its target(), 0 if to next().
constexpr Value branch_taken() { return {Value::Kind::kBranchTaken, 0}; }
constexpr Value current_thread() { return {Value::Kind::kThread, 0}; }
constexpr Value thread_id() { return {Value::Kind::kThreadId, 0}; }
/// For a parameter of type CallContext&.
constexpr Value call_context() { return {Value::Kind::kContext, 0}; }
inline Value thread_counter(ThreadCounter counter) {
  return {Value::Kind::kThreadCounter, counter.slot()};
}

}  // namespace weft

// Wrapping and replacing functions of the program. Functions is owned by weft; every function of it
// may be called by any thread at any time, from events and clean calls, too. Hooks run as clean
// calls, on all threads at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>
#include <type_traits>
#include <utility>

#include "weft/instruction.h"

namespace weft {

class CallContext;
class Thread;

/// One execution of a wrapped function. Valid while the hook runs, on its thread. Arguments and
/// results are those of the System V calling convention that are integers or pointers; others are
/// reached by context().
class FunctionCall {
 public:
  FunctionCall(const FunctionCall&) = delete;
  FunctionCall& operator=(const FunctionCall&) = delete;

  /// The n-th argument, from 0. Those up to 5 come from registers, and `after` gets them as the
  /// function was entered with; from 6 on they are read from the stack, which the function may have
  /// written to, 0 where it cannot be read.
  virtual uint64_t argument(int n) const = 0;
  template <typename T>
  T argument_as(int n) const {
    static_assert(std::is_integral_v<T> || std::is_pointer_v<T> || std::is_enum_v<T>,
                  "integers, enums and pointers");
    if constexpr (std::is_pointer_v<T>) {
      return reinterpret_cast<T>(argument(n));
    } else {
      return static_cast<T>(argument(n));
    }
  }
  /// In `before` and replacements: what the function is entered with instead.
  virtual void set_argument(int n, uint64_t value) = 0;
  /// In `after`: what the function returned, and what its caller gets instead.
  virtual uint64_t result() const = 0;
  virtual void set_result(uint64_t value) = 0;

  /// In `before`: the function does not run, its caller goes on with `result`; neither the hooks
  /// that come later nor any `after` run for this call.
  virtual void skip(uint64_t result) = 0;
  /// In a replacement: the program's own function runs after all, with the arguments as they are
  /// now; the replacement's result is not used.
  virtual void run_original() = 0;

  virtual Address function() const = 0;
  virtual Address return_address() const = 0;
  /// A word that `before` leaves to the same wrap's `after`; 0 at first.
  virtual uint64_t& data() = 0;
  virtual CallContext& context() = 0;
  virtual Thread& thread() = 0;

 protected:
  FunctionCall() = default;
  ~FunctionCall() = default;
};

/// Must not throw out. The program's memory may be read as it is, as far as the function itself
/// would; Process::read_memory() never faults.
using FunctionHook = std::function<void(FunctionCall&)>;

/// Names a wrap or a replacement to Functions::remove().
class Wrap {
 public:
  Wrap() = default;
  explicit Wrap(uint32_t number) : number_(number) {}
  uint32_t number() const { return number_; }

 private:
  uint32_t number_ = ~uint32_t{0};
};

/// Functions are named as in the symbol tables of the modules' files: .dynsym, .symtab, and .symtab
/// of a debug file below /usr/lib/debug or beside the file. A name with a "(" is compared with the
/// demangled name ("shop::price(int)"), any other with the name as it is in the file, without its
/// version ("malloc"). "libc.so!malloc" looks only into modules whose file name starts with
/// "libc.so". Every function of that name in every module is meant, those of modules that are
/// loaded later, too. Indirect functions (memcpy of glibc) have no address of their own and are not
/// found; their implementations are.
///
/// A hook is called each time control reaches the function's first instruction: by a call, by a
/// tail call, or by the function's own jump back to it. What was translated before a wrap or a
/// removal is deleted by it, and nothing else; a thread that is in the function meanwhile sees the
/// change at its next call.
///
/// `after` runs when the instruction behind the call is reached with the stack as the return leaves
/// it: with recursion, tail calls (inner function first) and stack switches, too. It does not run
/// for a call that longjmp(), an exception or the _exit() of a child of vfork leaves; what is kept
/// of such a call (some 100 bytes) goes when its stack slot is used by another, or with its thread.
///
/// Costs: a clean call for each of `before` and `after`, and one ahead of calls from places that
/// such functions return to. The first return to a place costs two more translations.
class Functions {
 public:
  Functions(const Functions&) = delete;
  Functions& operator=(const Functions&) = delete;

  /// Either hook may be empty. Several wraps of one function are called in the order in which they
  /// were made, `after` in the opposite one. A wrap of an address ends with its module.
  virtual Wrap wrap(std::string_view name, FunctionHook before, FunctionHook after) = 0;
  virtual Wrap wrap(Address function, FunctionHook before, FunctionHook after) = 0;

  /// The program's function does not run; `function` does, on the tool's side, with its arguments.
  /// It cannot call the program's functions, but may have the original run when it returns
  /// (FunctionCall::run_original()).
  template <typename Result, typename... Arguments>
  Wrap replace(std::string_view name, Result (*function)(FunctionCall&, Arguments...)) {
    return wrap(name, replacement(function), {});
  }
  template <typename Result, typename... Arguments>
  Wrap replace(Address address, Result (*function)(FunctionCall&, Arguments...)) {
    return wrap(address, replacement(function), {});
  }

  /// Ends a wrap or replacement. Hooks of it that run meanwhile run to their end; an `after` that
  /// is still due does not run any more.
  virtual void remove(Wrap wrap) = 0;
  /// At how many addresses the function is wrapped now: 0 tells that no module has it yet.
  virtual size_t places(Wrap wrap) const = 0;

 protected:
  Functions() = default;
  ~Functions() = default;

 private:
  virtual void run_replaced(FunctionCall& call, uint64_t result) = 0;

  template <typename Result, typename... Arguments>
  FunctionHook replacement(Result (*function)(FunctionCall&, Arguments...)) {
    return [this, function](FunctionCall& call) {
      run_replaced(call, call_with(call, function, std::index_sequence_for<Arguments...>()));
    };
  }
  template <typename Result, typename... Arguments, size_t... kNumbers>
  static uint64_t call_with(FunctionCall& call, Result (*function)(FunctionCall&, Arguments...),
                            std::index_sequence<kNumbers...>) {
    if constexpr (std::is_void_v<Result>) {
      function(call, call.argument_as<Arguments>(static_cast<int>(kNumbers))...);
      return 0;
    } else if constexpr (std::is_pointer_v<Result>) {
      return reinterpret_cast<uint64_t>(
          function(call, call.argument_as<Arguments>(static_cast<int>(kNumbers))...));
    } else {
      return static_cast<uint64_t>(
          function(call, call.argument_as<Arguments>(static_cast<int>(kNumbers))...));
    }
  }
};

}  // namespace weft

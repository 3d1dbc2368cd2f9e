// Wrapped functions. Owned by the host; any thread, short lock; hooks are called without it. A
// call's frame belongs to its thread.
#pragma once

#include <array>
#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/fork_locks.h"
#include "base/spin_lock.h"
#include "weft/block.h"
#include "weft/functions.h"
#include "weft/process.h"

namespace weft::tool {

/// What one wrap() asked for. Never freed; hooks are constant.
struct FunctionWrap {
  std::string module;  ///< the beginning of a file name, or empty
  std::string name;    ///< empty: by address
  FunctionHook before;
  FunctionHook after;
  std::atomic<bool> active{true};
};

class FunctionTable;
using FunctionWraps = std::vector<FunctionWrap*>;

/// A wrapped address. Never freed: inserted code knows it.
struct FunctionTarget {
  FunctionTable* table;
  Address address;
  std::shared_ptr<const FunctionWraps> wraps;  ///< under the table's lock
};

/// A call that has not returned, kept under the address of its return address on the stack.
struct FunctionFrame {
  const FunctionTarget* target = nullptr;
  std::vector<std::pair<FunctionWrap*, uint64_t>> due;  ///< each with its data()
  std::array<uint64_t, 6> arguments{};
};

/// The calls that will return by one stack slot: several after tail calls.
struct FunctionSlot {
  Address return_address = 0;
  std::vector<FunctionFrame> frames;
};

/// Of one thread.
using FunctionSlots = std::unordered_map<uint64_t, FunctionSlot>;

class FunctionTable final : public Functions {
 public:
  explicit FunctionTable(Process& process) : process_(process) {}

  Wrap wrap(std::string_view name, FunctionHook before, FunctionHook after) override;
  Wrap wrap(Address function, FunctionHook before, FunctionHook after) override;
  void remove(Wrap wrap) override;
  size_t places(Wrap wrap) const override;

  void module_loaded(const Module& module);
  void module_unloaded(const Module& module);
  /// Adds what the block's functions and return places need. Before any tool does: what it adds may
  /// send the thread back to the instruction.
  void instrument(Block& block);

  void add_fork_locks(ForkLocks& locks) { locks.add(lock_); }

 private:
  static void enter(CallContext& context, FunctionTarget* target, uint64_t built, Address tag);
  static void expect(CallContext& context, FunctionTable* table);
  static void leave(CallContext& context, FunctionTable* table);
  void run_replaced(FunctionCall& call, uint64_t result) override;

  Wrap add(std::unique_ptr<FunctionWrap> wrap);
  void attach(FunctionWrap& wrap, Address address);
  std::shared_ptr<const FunctionWraps> wraps_of(const FunctionTarget& target) const;
  bool prepare_return(Address site, uint64_t built);
  static void run_after(CallContext& context, Address site, FunctionFrame& frame);

  Process& process_;
  mutable SpinLock<LockRank::kFunctions> lock_;
  std::deque<std::unique_ptr<FunctionWrap>> wraps_ GUARDED_BY(lock_);  ///< by number
  std::map<Address, std::unique_ptr<FunctionTarget>> targets_ GUARDED_BY(lock_);
  std::vector<std::unique_ptr<FunctionTarget>> ended_ GUARDED_BY(lock_);  ///< of unloaded modules
  /// Where wrapped functions return to. Each with the stamp by which no older code of
  /// it can be entered; 0 while it may be.
  std::map<Address, uint64_t> returns_ GUARDED_BY(lock_);
  std::atomic<uint64_t> stamp_{1};
  std::atomic<bool> used_{false};  ///< whether there ever was a wrap
};

}  // namespace weft::tool

// Who edits blocks as lists, the slots that inserted code uses, and faults there. One a process,
// owned by the host; any thread.
#pragma once

#include <bitset>
#include <forward_list>
#include <memory>
#include <string>

#include "base/fork_locks.h"
#include "base/spin_lock.h"
#include "engine/hooks.h"
#include "tool/call_site.h"
#include "tool/list_view.h"
#include "weft/instruction_list.h"

namespace weft::tool {

class Host;

class ListTable final : public Lists {
 public:
  explicit ListTable(Host& host) : host_(host) {}

  void edit_blocks(ListFunction function, void* argument) override;
  void on_fault(ListFaultFunction function, void* argument) override;
  uint32_t new_slots(uint32_t count, uint32_t alignment) override;
  void free_slots(uint32_t offset, uint32_t count) override;
  uint64_t* slot(Thread& thread, uint32_t offset) override;
  void* near_memory(size_t bytes) override;
  void* open_library(const char* path) override;
  std::vector<uint8_t> encode_call(const ListCall& call) override;

  /// Whether there is a tool that does.
  bool edits() const { return function_ != nullptr; }
  /// Has it edit the block.
  void edit(BlockView& block, translate::BlockPlan& plan, translate::PlanUse use,
            std::unique_ptr<translate::FragmentData>& data, Thread& thread, Callees& callees) const;
  /// As engine::Hooks.
  engine::ListAnswer fault(Thread& thread, const siginfo_t& info, const engine::ListItem& item,
                           x86::CpuContext& machine, x86::CpuContext& program) const;

  void add_fork_locks(ForkLocks& locks) { locks.add(lock_); }

 private:
  [[noreturn]] void stop_for_fault(const siginfo_t& info, const ListFault& fault) const;

  Host& host_;
  // Constant once the first thread runs.
  std::string tool_;
  ListFunction function_ = nullptr;
  void* argument_ = nullptr;
  ListFaultFunction fault_function_ = nullptr;
  void* fault_argument_ = nullptr;

  SpinLock<LockRank::kLists> lock_;
  std::bitset<kSlots> taken_ GUARDED_BY(lock_);
  std::forward_list<CallSite> encoded_ GUARDED_BY(lock_);  ///< of encode_call(), for good
};

}  // namespace weft::tool

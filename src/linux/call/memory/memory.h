// mmap, munmap, mprotect, mremap, madvise, brk and System V shared memory for the program: places
// are chosen by AddressSpace, the runtime's memory is out of reach, and the engine hears what
// changed. One object a process; any program thread. Results are the kernel's: a value or -errno.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <type_traits>
#include <vector>

#include "base/address.h"
#include "base/spin_lock.h"
#include "linux/call/memory/break.h"
#include "linux/call/process/limits.h"
#include "linux/call/runtime.h"
#include "linux/kernel/gate.h"
#include "linux/kernel/raw_syscall.h"
#include "linux/memory/address_space.h"

namespace weft::linux {

class MemoryCalls {
 public:
  /// `break_start`: page-aligned end of the executable's data, 0 if unknown; the break begins there
  /// or, for an executable in the window, in the heap zone. `stack`: all that the main thread's
  /// stack may grow to; the kernel grows it, so parts of it are not recorded.
  MemoryCalls(SysRuntime& runtime, AddressSpace& space, Limits& limits, uint64_t break_start,
              AppRange stack);

  /// Carries out `call`, one of Handler::kMemory.
  int64_t handle(const SyscallArguments& call);

  int64_t map(uint64_t address, uint64_t length, int prot, int flags, int fd, uint64_t offset);
  int64_t unmap(uint64_t address, uint64_t length);
  /// `key` below 0: mprotect; else pkey_mprotect.
  int64_t protect(uint64_t address, uint64_t length, int prot, int64_t key);
  int64_t remap(uint64_t old_address, uint64_t old_size, uint64_t new_size, int flags,
                uint64_t new_address);
  int64_t advise(uint64_t address, uint64_t length, int advice);
  int64_t set_break(uint64_t address);
  int64_t attach_shared(int id, uint64_t address, int flags);
  int64_t detach_shared(uint64_t address);

  int64_t lock_all(int flags);
  int64_t unlock_all();
  int64_t in_core(uint64_t address, uint64_t length, uint64_t vector);

  uint64_t break_start() const { return break_.start(); }

  /// The locks of this object; that of the address space is the runtime's to take.
  void add_fork_locks(ForkLocks& locks);

 private:
  int64_t map_fixed(AppRange range, int prot, int flags, int fd, uint64_t offset);
  /// `page`: the size of its pages.
  int64_t map_anywhere(AppRange hint, uint64_t page, int prot, int flags, int fd, uint64_t offset);
  int64_t map_where_kernel_wants(AppRange hint, int prot, int flags, int fd, uint64_t offset);
  int64_t map_at(AppRange range, int prot, int flags, int fd, uint64_t offset);
  int64_t attach_anywhere(int id, uint64_t size, int flags);
  void note_attached(const Mapping& mapping, bool replaced);
  void note_mapped(AppRange range, int prot, int flags, int fd, uint64_t offset, bool replaced);
  void note_mapped(const Mapping& mapping, bool replaced);
  /// A name for new shared memory that no file backs; null if `flags` are those of private memory.
  std::shared_ptr<const BackingFile> shared_memory(int flags);
  /// `part` of `mapping` came or went, or can be written or no longer.
  void tell_of_view(const Mapping& mapping, AppRange part);
  /// The mappings of shared memory that overlap `range`.
  std::vector<Mapping> shared_in(AppRange range) const;

  /// Makes sure that mapping over `range` replaces nothing of the runtime's. 0 or -ENOMEM; then
  /// the gaps of the range are `claimed`, to be unmapped if nothing is mapped there after all.
  int64_t claim(AppRange range, std::vector<AppRange>& claimed);
  /// `range` may be changed by the program: its own mappings and its stack cover it whole.
  bool owns(AppRange range) const;
  bool holds_code(AppRange range) const;
  /// Whether RLIMIT_DATA lets so much more memory of this kind be mapped.
  bool allows_data(uint64_t more, int prot, int flags) const;
  /// How much of `range` holds no mapping of the program.
  uint64_t uncovered(AppRange range) const;
  /// Whether it lets the private memory in `range` become writable.
  bool allows_writing(AppRange range) const;
  /// Calls `visit` for the program's mappings in `range`, with the part that lies in it. It answers
  /// 0, or -errno, which ends the walk and is its answer; or it answers nothing.
  template <typename Visit>
  int64_t for_each_in(AppRange range, Visit visit) const {
    while (!range.empty()) {
      const auto mapping = space_.first_overlap(range, Owner::kProgram);
      if (!mapping) break;
      const AppRange part = range.intersection(mapping->range);
      if constexpr (std::is_void_v<decltype(visit(*mapping, part))>) {
        visit(*mapping, part);
      } else if (const int64_t answer = visit(*mapping, part); failed(answer)) {
        return answer;
      }
      range.start = part.end;
    }
    return 0;
  }
  /// Whether something may have been translated from what is there, or by what it says.
  bool feeds_translation(AppRange range) const {
    return holds_code(range) || space_.is_consulted(range);
  }
  int64_t protect_owned(AppRange range, int prot, int64_t key);
  bool moves_several(AppRange from, uint64_t new_size, int flags, uint64_t new_address) const;
  int64_t remap_several(AppRange from, AppRange to, int flags);
  int64_t remap_shrink(AppRange from, AppRange to);
  int64_t remap_fixed(AppRange from, AppRange to, int flags);
  int64_t remap_grow(AppRange from, uint64_t new_size, int flags);
  void note_remapped(AppRange from, AppRange to, bool keep_old);

  SysRuntime& runtime_;
  AddressSpace& space_;
  Limits& limits_;
  const AppRange stack_;
  ProgramBreak break_;
  std::atomic<uint64_t> next_shared_memory_{1};
  std::atomic<bool> lock_future_{false};  ///< mlockall(MCL_FUTURE)
  SpinLock<LockRank::kSharedSegments> shared_lock_;
  std::map<uint64_t, uint64_t> shared_segments_
      GUARDED_BY(shared_lock_);  ///< shmat: address -> mapped size
};

}  // namespace weft::linux

// The smaller memory calls: advice and the program break.

#include <linux/mman.h>
#include <sys/mman.h>

#include <algorithm>
#include <cerrno>

#include "base/runtime_fs.h"
#include "linux/call/memory/memory.h"
#include "linux/call/memory/ranges.h"
#include "linux/kernel/raw_syscall.h"

namespace weft::linux {
namespace {

/// Advice after which the pages may read differently.
bool discards(int advice) {
  return advice == MADV_DONTNEED || advice == MADV_FREE || advice == MADV_REMOVE ||
         advice == MADV_DONTNEED_LOCKED;
}

int64_t advise_call(AppRange range, int advice) {
  return raw_syscall(__NR_madvise, range.start.value, range.size(), static_cast<uint64_t>(advice));
}

}  // namespace

int64_t MemoryCalls::advise(uint64_t address, uint64_t length, int advice) {
  const bool plain = aligned(address) && length != 0 && possible(address, length);
  // Answers to wrong arguments are the kernel's; with no length nothing can be touched.
  if (!plain) {
    return raw_syscall(__NR_madvise, address | (length == 0 ? 0 : 1), 0,
                       static_cast<uint64_t>(advice));
  }
  const AppRange range = range_of(address, length);
  int64_t result = 0;
  if (owns(range)) {
    result = advise_call(range, advice);
  } else {
    // With no length nothing is touched, and the kernel says whether it knows the advice.
    result = advise_call({range.start, range.start}, advice);
    if (failed(result)) return result;
    // With holes: all that is the program's is advised, and the answer is ENOMEM.
    result = for_each_in(range, [advice](const Mapping& /*mapping*/, AppRange part) {
      return advise_call(part, advice);
    });
    if (failed(result)) return result;
    result = -ENOMEM;
  }
  if (discards(advice) && feeds_translation(range)) {
    need_runtime_fs();
    runtime_.code_changed(range);
  }
  return result;
}

int64_t MemoryCalls::set_break(uint64_t address) {
  AppRange released;
  const uint64_t now = break_.set(address, &released, [this](uint64_t whole, uint64_t more) {
    return limits_.allows_break(whole, more);
  });
  if (!released.empty()) runtime_.code_changed(released);
  return static_cast<int64_t>(now);
}

void MemoryCalls::add_fork_locks(ForkLocks& locks) {
  locks.add(shared_lock_);
  break_.add_fork_locks(locks);
}

}  // namespace weft::linux

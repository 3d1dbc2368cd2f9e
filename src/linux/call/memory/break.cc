#include "linux/call/memory/break.h"

#include <sys/mman.h>

#include "linux/kernel/calls.h"
#include "linux/kernel/raw_syscall.h"

namespace weft::linux {

ProgramBreak::ProgramBreak(AddressSpace& space, uint64_t start, uint64_t limit)
    : space_(space), start_(start), limit_(limit), current_(start) {}

uint64_t ProgramBreak::set(uint64_t address, AppRange* released, const Allowance& allows) {
  const Locked held(lock_);
  if (address < start_ || address > limit_) return current_;
  const uint64_t old_end = page_up(current_);
  const uint64_t new_end = page_up(address);
  if (new_end > old_end &&
      (!allows(address - start_, new_end - old_end) || !grow(old_end, new_end))) {
    return current_;
  }
  if (new_end < old_end) {
    if (!shrink(old_end, new_end)) return current_;
    *released = {{new_end}, {old_end}};
  }
  current_ = address;
  return current_;
}

bool ProgramBreak::grow(uint64_t from, uint64_t to) {
  const AppRange range{{from}, {to}};
  if (!space_.is_free(range)) return false;
  constexpr int kProt = PROT_READ | PROT_WRITE;
  constexpr int kFlags = MAP_PRIVATE | MAP_ANONYMOUS;
  // NOREPLACE: what the record does not know (the runtime's own memory) is never overwritten.
  const int64_t result = raw_syscall(__NR_mmap, from, to - from, kProt,
                                     kFlags | MAP_FIXED_NOREPLACE, static_cast<uint64_t>(-1), 0);
  if (failed(result)) return false;
  Mapping mapping;
  mapping.range = range;
  mapping.prot = kProt;
  mapping.flags = kFlags;
  mapping.label = Label::kHeap;
  space_.note_map(mapping);
  return true;
}

bool ProgramBreak::shrink(uint64_t from, uint64_t to) {
  if (failed(kernel::unmap(to, from - to))) return false;
  space_.note_unmap({{to}, {from}});
  return true;
}

}  // namespace weft::linux

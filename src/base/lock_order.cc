#include "base/lock_order.h"

#include <sys/syscall.h>

#include <array>
#include <atomic>
#include <cstdio>

#include "base/runtime_fs.h"

namespace weft {
namespace {

constexpr auto kCount = static_cast<size_t>(LockRank::kCount);
static_assert(kCount <= 64, "a thread's locks are the bits of a word");

constexpr struct {
  const char* name;
  AtFork at_fork;
} kLocks[] = {
#define WEFT_LOCK(rank, name, at_fork) {name, AtFork::at_fork},
    WEFT_LOCKS(WEFT_LOCK)
#undef WEFT_LOCK
};

/// One thread's locks, by its number. A slot that was taken stays its thread's: numbers come again.
struct Slot {
  std::atomic<int> thread{0};
  std::atomic<uint64_t> held{0};  ///< a bit for each rank; written by the thread alone
};
constexpr size_t kSlots = 4096;  // threads beyond go unchecked
std::array<Slot, kSlots> g_slots;

/// Fork takes all of each of these, and a thread takes none while it holds another one.
constexpr bool is_set(LockRank rank) {
  return rank == LockRank::kGate || rank == LockRank::kShadowPages;
}

uint64_t bit(LockRank rank) { return uint64_t{1} << static_cast<unsigned>(rank); }

/// Null if there is no room.
Slot* slot_of(int thread) {
  for (size_t i = 0; i < kSlots; ++i) {
    Slot& slot = g_slots[(static_cast<size_t>(thread) + i) % kSlots];
    int owner = slot.thread.load(std::memory_order_relaxed);
    if (owner == thread) return &slot;
    if (owner == 0 && slot.thread.compare_exchange_strong(owner, thread)) return &slot;
    if (owner == thread) return &slot;
  }
  return nullptr;
}

[[noreturn]] void stop(LockRank wanted, uint64_t held) {
  need_runtime_fs();
  const auto last = static_cast<LockRank>(63 - __builtin_clzll(held));
  char text[128];
  std::snprintf(text, sizeof text, "'%s' is wanted while '%s' is held: docs/locks.md has the order",
                name_of(wanted), name_of(last));
  check_failed(__FILE__, __LINE__, text);
}

}  // namespace

const char* name_of(LockRank rank) { return kLocks[static_cast<size_t>(rank)].name; }
AtFork at_fork(LockRank rank) { return kLocks[static_cast<size_t>(rank)].at_fork; }

void check_lock_order() { lock_order::g_checked = true; }

namespace lock_order {

bool g_checked = false;

int current_thread() {
  int64_t result = SYS_gettid;
  asm volatile("syscall" : "+a"(result) : : "rcx", "r11", "memory");
  return static_cast<int>(result);
}

void note_wanted(LockRank rank) {
  Slot* const slot = slot_of(lock_order::current_thread());
  if (slot == nullptr) return;
  const uint64_t held = slot->held.load(std::memory_order_relaxed);
  const uint64_t later = held & ~(bit(rank) - 1) & ~(is_set(rank) ? bit(rank) : 0);
  if (later != 0) stop(rank, later);
  slot->held.store(held | bit(rank), std::memory_order_relaxed);
}

void note_released(LockRank rank) {
  Slot* const slot = slot_of(lock_order::current_thread());
  if (slot == nullptr) return;
  slot->held.store(slot->held.load(std::memory_order_relaxed) & ~bit(rank),
                   std::memory_order_relaxed);
}

void note_forked(int parent) {
  Slot* const before = slot_of(parent);
  const uint64_t held = before == nullptr ? 0 : before->held.load(std::memory_order_relaxed);
  for (Slot& slot : g_slots) {
    slot.thread.store(0, std::memory_order_relaxed);
    slot.held.store(0, std::memory_order_relaxed);
  }
  if (Slot* const own = slot_of(lock_order::current_thread()))
    own->held.store(held, std::memory_order_relaxed);
}

}  // namespace lock_order
}  // namespace weft

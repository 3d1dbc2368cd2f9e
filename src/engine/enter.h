// The assembly doors into and out of the code cache (enter.S). Called only on a thread whose gs
// points to its ThreadBlock.
#pragma once

#include <cstdint>

extern "C" {
void weft_enter_cache();
[[noreturn]] void weft_run_on_stack(void* argument, void (*function)(void*), void* stack_top);

// Where emitted routines jump to; not functions to call.
void weft_exit_link();
void weft_exit_head();
void weft_exit_indirect_miss();
void weft_exit_syscall();
void weft_exit_emulate();
void weft_exit_stale();
void weft_clean_call();
void weft_light_call();
void weft_settle_x87();
void weft_leave_for_signal();
void weft_abort_enter();
extern const char weft_entering_begin[];
extern const char weft_entering_end[];
extern const char weft_resuming_begin[];
extern const char weft_resuming_end[];
}

namespace weft::engine {

inline uint64_t address_of(void (*function)()) { return reinterpret_cast<uint64_t>(function); }

/// Whether `pc` is between the last look at signal_pending and the jump into the cache.
inline bool is_entering(uint64_t pc) {
  return pc >= reinterpret_cast<uint64_t>(weft_entering_begin) &&
         pc < reinterpret_cast<uint64_t>(weft_entering_end);
}

/// Whether `pc` is on the way from a clean call back into the cache: past the last look at
/// signal_pending, and not to be turned back.
inline bool is_resuming(uint64_t pc) {
  return pc >= reinterpret_cast<uint64_t>(weft_resuming_begin) &&
         pc < reinterpret_cast<uint64_t>(weft_resuming_end);
}

}  // namespace weft::engine

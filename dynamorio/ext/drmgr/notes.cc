// Values of notes, handed out in ranges; and what a wrapper of a system call calls.
#include <atomic>

#include "drmgr.h"

namespace {

/// Above every address and small number that a client would use for a note of its own, and below
/// the core's.
constexpr ptr_uint_t kFirst = ~ptr_uint_t{0} - 0x1000000;
constexpr ptr_uint_t kEnd = ~ptr_uint_t{0} - 0x10000;
constexpr int kLongestWrapper = 64;

}  // namespace

extern "C" {

ptr_uint_t drmgr_reserve_note_range(size_t size) {
  static std::atomic<ptr_uint_t> next{kFirst};
  if (size == 0 || size > kEnd - kFirst) return DRMGR_NOTE_NONE;
  const ptr_uint_t first = next.fetch_add(size);
  return first + size > kEnd ? ptr_uint_t{DRMGR_NOTE_NONE} : first;
}

int drmgr_decode_sysnum_from_wrapper(app_pc entry) {
  void* const drcontext = dr_get_current_drcontext();
  instr_t* const instruction = instr_create(drcontext);
  int number = -1;
  app_pc pc = entry;
  for (int i = 0; i < kLongestWrapper && pc != nullptr; ++i) {
    instr_reset(drcontext, instruction);
    pc = decode(drcontext, pc, instruction);
    if (pc == nullptr || instr_is_syscall(instruction)) break;
    if (instr_is_cti(instruction)) {
      number = -1;
      break;
    }
    ptr_int_t value = 0;
    if (instr_is_mov_constant(instruction, &value) &&
        instr_writes_to_reg(instruction, DR_REG_XAX, DR_QUERY_DEFAULT)) {
      number = static_cast<int>(value);
    }
  }
  instr_destroy(drcontext, instruction);
  return number;
}

}  // extern "C"

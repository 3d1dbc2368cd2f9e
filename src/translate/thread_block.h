// The per-thread block that gs points to while a program thread runs in the code cache.
// Owned by its thread. Emitted code and enter.S know these offsets; nothing else may.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "base/runtime_fs.h"
#include "x86/context.h"

namespace weft::translate {

struct alignas(64) ThreadBlock {
  static constexpr uint64_t kChecksInARow = 1 << 16;

  uint64_t spill_rcx = 0;    ///< rcx of an indirect branch on its way
  uint64_t spill[3] = {};    ///< other registers, for the length of one mangled instruction
  uint64_t exit_id = 0;      ///< which exit or event brought the thread out
  uint64_t exit_reason = 0;  ///< translate::ExitReason
  uint64_t next_pc = 0;      ///< program address to go on at, for reasons without an exit id
  const void* debug_view = nullptr;  ///< cache::DebugView of the thread's cache, for debuggers

  uint64_t host_rsp = 0;
  uint64_t host_fs = 0;
  uint64_t self = 0;      ///< this block's own address
  void* xsave = nullptr;  ///< standard-format XSAVE area, 64-byte aligned
  uint64_t xsave_mask = 0;
  uint64_t enter_pc = 0;        ///< cache address to enter at
  uint64_t signal_pending = 0;  ///< set by the signal handler: do not enter the cache
  /// The program address that an indirect branch goes to, which by the hash table or a choice at
  /// the entry is not in rcx all the way.
  uint64_t branch_target = 0;
  uint64_t hash_table = 0;
  uint64_t hash_level = 0;
  uint64_t has_fsgsbase = 0;  ///< fs is switched by wrfsbase; otherwise by arch_prctl
  uint64_t has_xsaveopt = 0;
  /// Checked fragments that the thread may yet run through before it sees the dispatcher, which
  /// knows when checking may end.
  uint64_t checks_left = kChecksInARow;
  uint64_t fs_owner = FsOwner::kRuntime;
  uint64_t keeps_fs = 0;  ///< comes out of the cache with the program's fs; see base/runtime_fs.h
  uint64_t no_fs = 0;     ///< then, if not 0: with this fs, where nothing can be accessed

  x86::CpuContext context;
  void* owner = nullptr;  ///< the engine's own thread object

  uint64_t call_site = 0;    ///< translate::CallSite of the clean call under way
  uint64_t call_resume = 0;  ///< cache address behind it
  uint64_t stepping = 0;     ///< address of the flag that has a trap after one instruction lead on
  uint64_t thread_id = 0;    ///< the kernel's number

  // Where the CPU leaves the x87 pointers out of what XSAVE stores (see enter.S):
  static constexpr uint32_t kX87Pointer = 3;  ///< index of the instruction pointer
  uint64_t leaves_out_x87 = 0;                ///< it does
  /// They were stored here, by fnstenv, when the thread left the cache with the state in `xsave`;
  /// 0 again when that is changed.
  uint64_t x87_apart = 0;
  uint32_t x87_environment[8] = {};
  uint64_t x87_settled = 0;  ///< the instruction pointer that the runtime put there last

  // What is above is written all the time, and lies in one page with the rest that is (see
  // engine::Thread). For tools' inserted code (see translate/instrument.h):
  static constexpr uint32_t kToolWords = 256;
  uint64_t tool_spill[4] = {};
  uint64_t tool_words[kToolWords] = {};
  /// Words of inserted code in edited lists, which names them by gs and an offset.
  static constexpr uint32_t kListSlots = 64;
  alignas(64) uint64_t list_slots[kListSlots] = {};
};

inline uint32_t tool_word_offset(uint32_t index) {
  CHECK(index < ThreadBlock::kToolWords);
  return static_cast<uint32_t>(offsetof(ThreadBlock, tool_words) + index * sizeof(uint64_t));
}

}  // namespace weft::translate

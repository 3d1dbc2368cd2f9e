#include "translate/self_check.h"

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "translate/thread_block.h"

namespace weft::translate {
namespace {

constexpr uint32_t kSpill0 = offsetof(ThreadBlock, spill);
constexpr uint32_t kSpill1 = offsetof(ThreadBlock, spill) + sizeof(uint64_t);

/// rcx = the 1, 2, 4 or 8 bytes at `address`, zero-extended.
void emit_load(Draft& draft, uint64_t address, uint8_t size) {
  x86::Assembler& out = draft.hot;
  const bool near = draft.reaches(address);
  if (!near) out.mov_reg_imm(x86::kRcx, address);
  if (near) {
    draft.to_address(out.load_rip(x86::kRcx, size), address, 0);
  } else {
    out.load_at(x86::kRcx, x86::kRcx, size);
  }
}

/// Leaves for `stale`, an offset in cold code, unless the bytes are as expected. jrcxz is the one
/// test that touches no flag, and lea the one sum. `leap` is bound to the jump to `stale`.
void emit_comparison(Draft& draft, uint64_t address, const uint8_t* expected, size_t size,
                     uint32_t stale, x86::Label& leap) {
  x86::Assembler& out = draft.hot;
  uint64_t value = 0;
  std::memcpy(&value, expected, size);
  emit_load(draft, address, static_cast<uint8_t>(size));
  out.mov_reg_imm(x86::kRdx, 0 - value);
  out.lea_sum(x86::kRcx, x86::kRcx, x86::kRdx);
  x86::Label skip;
  out.jrcxz(skip);
  out.bind(leap);
  draft.to_cold(out.jmp_rel32(), stale);
  out.bind(skip);
}

/// Counts the check down; at 0 it goes on at `leap`, to the stale exit.
void emit_count(Draft& draft, x86::Label& leap) {
  constexpr uint32_t kChecksLeft = offsetof(ThreadBlock, checks_left);
  x86::Assembler& out = draft.hot;
  out.mov_reg_gs(x86::kRcx, kChecksLeft);
  out.lea_rcx(-1);
  out.mov_gs_reg(kChecksLeft, x86::kRcx);
  out.jrcxz(leap);
}

/// Registers back, and to the dispatcher; its offset in cold code.
uint32_t emit_stale_exit(Draft& draft, AppPc tag) {
  x86::Assembler& out = draft.cold;
  const uint32_t start = out.position();
  out.mov_reg_gs(x86::kRcx, kSpill0);
  out.mov_reg_gs(x86::kRdx, kSpill1);
  constexpr uint32_t kNextPc = offsetof(ThreadBlock, next_pc);
  out.mov_gs_imm32(kNextPc, static_cast<uint32_t>(tag.value));
  out.mov_gs_imm32(kNextPc + 4, static_cast<uint32_t>(tag.value >> 32));
  draft.cold_to_routine(out.jmp_rel32(), draft.environment.routines.stale);
  return start;
}

size_t largest_word(size_t size) { return size >= 8 ? 8 : (size >= 4 ? 4 : (size >= 2 ? 2 : 1)); }

/// Bytes of a block that are compared at once.
struct Word {
  size_t from;
  size_t size;
};

/// The word that comes after the first `done` of `total` bytes at `tag`.
Word next_word(AppPc tag, size_t done, size_t total, bool aligned) {
  const size_t left = total - done;
  if (aligned) {
    const uint64_t address = tag.value + done;
    const uint64_t alignment = address & -address;
    return {done, largest_word(std::min<uint64_t>(left, alignment))};
  }
  // The last word may overlap the one before, rather than being several.
  const bool overlap = left < sizeof(uint64_t) && total >= sizeof(uint64_t);
  if (overlap) return {total - sizeof(uint64_t), sizeof(uint64_t)};
  return {done, largest_word(left)};
}

}  // namespace

void emit_self_check(Draft& draft, AppPc tag, std::span<const uint8_t> bytes, bool aligned,
                     bool counted) {
  x86::Assembler& out = draft.hot;
  const uint32_t start = out.position();
  const uint32_t stale = emit_stale_exit(draft, tag);
  UndoZone zones[3];
  out.mov_gs_reg(kSpill0, x86::kRcx);
  zones[1].offset = static_cast<uint8_t>(out.position() - start);
  zones[1].spilled_0 = x86::kRcx;
  out.mov_gs_reg(kSpill1, x86::kRdx);
  zones[2] = zones[1];
  zones[2].offset = static_cast<uint8_t>(out.position() - start);
  zones[2].spilled_1 = x86::kRdx;
  x86::Label first_leap;
  if (counted) emit_count(draft, first_leap);
  for (size_t done = 0; done < bytes.size();) {
    const Word word = next_word(tag, done, bytes.size(), aligned);
    x86::Label later_leap;
    emit_comparison(draft, tag.value + word.from, bytes.data() + word.from, word.size, stale,
                    done == 0 ? first_leap : later_leap);
    done = word.from + word.size;
  }
  out.mov_reg_gs(x86::kRcx, kSpill0);
  out.mov_reg_gs(x86::kRdx, kSpill1);
  draft.map.add(0, out.position() - start, zones);
  draft.map.seal();
}

}  // namespace weft::translate

#include "translate/self_check.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <optional>

#include "translate/thread_block.h"

namespace weft::translate {
namespace {

using x86::Insn;
using x86::Map;

constexpr uint32_t kSpill0 = offsetof(ThreadBlock, spill);
constexpr uint32_t kSpill1 = offsetof(ThreadBlock, spill) + sizeof(uint64_t);

/// rcx = the 1, 2, 4 or 8 bytes at `address`, zero-extended.
void emit_load(Draft& draft, uint64_t address, size_t size) {
  x86::Assembler& out = draft.hot;
  const bool near = draft.reaches(address);
  if (!near) out.mov_reg_imm(x86::kRcx, address);
  if (size == 8) out.u8(0x48);
  if (size <= 2) out.u8(0x0F);
  constexpr uint8_t kMovzxByte = 0xB6;
  constexpr uint8_t kMovzxWord = 0xB7;
  constexpr uint8_t kMov = 0x8B;
  out.u8(size == 1 ? kMovzxByte : (size == 2 ? kMovzxWord : kMov));
  constexpr uint8_t kRcxFromRip = 0x0D;
  constexpr uint8_t kRcxFromRcx = 0x09;
  out.u8(near ? kRcxFromRip : kRcxFromRcx);
  if (!near) return;
  const uint32_t field = out.position();
  out.u32(0);
  draft.to_address(field, address, 0);
}

/// Leaves for `stale`, an offset in cold code, unless the bytes are as expected. jrcxz is the one
/// test that touches no flag, and lea the one sum. Returns where the jump to `stale` begins.
uint32_t emit_comparison(Draft& draft, uint64_t address, const uint8_t* expected, size_t size,
                         uint32_t stale) {
  x86::Assembler& out = draft.hot;
  uint64_t value = 0;
  std::memcpy(&value, expected, size);
  emit_load(draft, address, size);
  out.mov_reg_imm(x86::kRdx, 0 - value);
  out.lea_sum(x86::kRcx, x86::kRcx, x86::kRdx);
  const uint8_t skip[] = {0xE3, 5};  // jrcxz over the jump
  out.bytes(skip, sizeof skip);
  const uint32_t leap = out.position();
  draft.fixups.push_back(
      {cache::Fixup::Where::kHot, cache::Fixup::Kind::kColdRelative, 0, out.jmp_rel32(), stale});
  return leap;
}

/// Counts the check down; the place of a jrcxz's displacement, to the leap to the stale exit.
uint32_t emit_count(Draft& draft) {
  constexpr uint32_t kChecksLeft = offsetof(ThreadBlock, checks_left);
  x86::Assembler& out = draft.hot;
  out.mov_reg_gs(x86::kRcx, kChecksLeft);
  out.lea_rcx(-1);
  out.mov_gs_reg(kChecksLeft, x86::kRcx);
  constexpr uint8_t kJrcxz = 0xE3;
  out.u8(kJrcxz);
  const uint32_t field = out.position();
  out.u8(0);
  return field;
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
  draft.fixups.push_back({cache::Fixup::Where::kCold, cache::Fixup::Kind::kRelative, 0,
                          out.jmp_rel32(), draft.environment.routines.stale.value});
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

/// Of the instructions with a modrm memory operand, those known to read it, or not to touch it.
bool only_reads(const Insn& insn) {
  const uint8_t op = insn.opcode;
  const uint8_t group = insn.modrm >> 3 & 7;
  if (insn.map == Map::kOneByte) {
    if (op < 0x40) return (op & 7) == 2 || (op & 7) == 3 || op == 0x38 || op == 0x39;
    if (op == 0x80 || op == 0x81 || op == 0x83) return group == 7;
    if (op == 0xF6 || op == 0xF7) return group != 2 && group != 3;
    return op == 0x63 || op == 0x69 || op == 0x6B || op == 0x84 || op == 0x85 || op == 0x8A ||
           op == 0x8B || op == 0x8D;
  }
  if (insn.map == Map::k0F || insn.map == Map::kVex0F) {
    const bool moves = op == 0x10 || op == 0x12 || op == 0x14 || op == 0x16 || op == 0x28 ||
                       op == 0x6F || op == 0x2A || op == 0x2C || op == 0x2D || op == 0x2E ||
                       op == 0x2F || (op == 0x6E);
    if (insn.map == Map::kVex0F) return moves || (op >= 0x51 && op <= 0x5F);
    return moves || op == 0x1F || (op >= 0x40 && op <= 0x4F) || (op >= 0x51 && op <= 0x76) ||
           op == 0xAF || op == 0xB6 || op == 0xB7 || op == 0xBE || op == 0xBF;
  }
  return false;
}

}  // namespace

bool may_write_memory(const Insn& insn) {
  const uint8_t op = insn.opcode;
  if (insn.has_modrm && insn.modrm < 0xC0) return !only_reads(insn);
  if (insn.map != Map::kOneByte) {
    // push fs, push gs; masked stores to [rdi].
    return insn.map != Map::k0F || op == 0xA0 || op == 0xA8 || op == 0xF7;
  }
  const bool pushes = (op >= 0x50 && op <= 0x57) || op == 0x68 || op == 0x6A || op == 0x9C ||
                      op == 0xC8 || op == 0xFF;
  const bool strings =
      op == 0xA4 || op == 0xA5 || op == 0xAA || op == 0xAB || op == 0x6C || op == 0x6D;
  return pushes || strings || op == 0xA2 || op == 0xA3;
}

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
  std::optional<uint32_t> to_leap;
  if (counted) to_leap = emit_count(draft);
  for (size_t done = 0; done < bytes.size();) {
    const Word word = next_word(tag, done, bytes.size(), aligned);
    const uint32_t leap =
        emit_comparison(draft, tag.value + word.from, bytes.data() + word.from, word.size, stale);
    if (to_leap) out.patch_u8(*to_leap, static_cast<uint8_t>(leap - *to_leap - 1));
    to_leap.reset();
    done = word.from + word.size;
  }
  out.mov_reg_gs(x86::kRcx, kSpill0);
  out.mov_reg_gs(x86::kRdx, kSpill1);
  draft.map.add(0, out.position() - start, zones);
  draft.map.seal();
}

}  // namespace weft::translate

#include "translate/set_once.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <span>

#include "base/check.h"

namespace weft::translate {
namespace {

using cache::Fixup;

// In cold code lie one after another: the store of the word, the store that makes the jump a no-op,
// the jump back.
constexpr size_t kStoreBytes = 10;  // mov dword [rip + d32], i32
constexpr size_t kJumpBytes = 5;    // jmp rel32
constexpr std::array<uint8_t, 2> kStore{0xC7, 0x05};
constexpr uint8_t kJump = 0xE9;
/// What becomes of the jump's first four bytes; the last one stays, as the displacement of
/// nop [rax+rax+byte].
constexpr std::array<uint8_t, 4> kNoOp{0x0F, 0x1F, 0x44, 0x00};

int32_t displacement_at(const uint8_t* field) {
  int32_t value = 0;
  std::memcpy(&value, field, sizeof value);
  return value;
}

/// The jump at `site` that leads to `cold`.
std::array<uint8_t, kJumpBytes> jump_of(const uint8_t* site, const uint8_t* cold) {
  const auto distance = static_cast<int32_t>(cold - (site + kJumpBytes));
  std::array<uint8_t, kJumpBytes> jump{kJump};
  std::memcpy(jump.data() + 1, &distance, sizeof distance);
  return jump;
}

}  // namespace

void emit_set_once(Draft& draft, const Insertion& insertion) {
  x86::Assembler& out = draft.hot;
  x86::Assembler& cold = draft.cold;
  CHECK(!insertion.word.per_thread);
  constexpr uint32_t kWord = 8;
  // What one store changes lies in one aligned word: other threads execute the jump or the no-op.
  // Either may have prefixes in front that mean nothing: so it stays one instruction.
  constexpr uint8_t kIgnoredPrefix = 0x3E;
  while (out.position() % kWord > kWord - kNoOp.size()) out.u8(kIgnoredPrefix);
  const uint32_t site = out.position();
  draft.fixups.push_back(
      {Fixup::Where::kHot, Fixup::Kind::kColdRelative, 0, out.jmp_rel32(), cold.position()});
  draft.fixups.push_back({Fixup::Where::kCold, Fixup::Kind::kRelative, 4,
                          cold.mov_rip_imm32(insertion.amount), insertion.word.address});
  const uint8_t field[] = {0, 0, 0, 0};
  cold.bytes(kStore.data(), kStore.size());
  cold.bytes(field, sizeof field);
  cold.bytes(kNoOp.data(), kNoOp.size());
  draft.fixups.push_back(
      {Fixup::Where::kCold, Fixup::Kind::kHotRelative, 4, cold.position() - 8, site});
  draft.fixups.push_back(
      {Fixup::Where::kCold, Fixup::Kind::kHotRelative, 0, cold.jmp_rel32(), site + kJumpBytes});
}

// No list of them is kept: cold code shows where they are. It might have the same bytes by chance,
// but not with a store and a jump that name each other's places, and a no-op there which has that
// distance's last byte.
size_t put_back_set_once(const cache::Fragment& fragment) {
  const std::span<uint8_t> hot(reinterpret_cast<uint8_t*>(fragment.hot_start().value),
                               fragment.hot_size());
  const std::span<const uint8_t> cold(reinterpret_cast<uint8_t*>(fragment.cold_start().value),
                                      fragment.cold_size());
  size_t count = 0;
  const auto* const end = cold.data() + cold.size();
  const uint8_t* at = cold.data();
  while (true) {
    at = std::search(at, end, kNoOp.begin(), kNoOp.end());
    if (at == end) return count;
    const uint8_t* const behind = at + kNoOp.size();
    at = behind;
    const uint8_t* const store = behind - kStoreBytes;
    if (store - kStoreBytes < cold.data() || behind + kJumpBytes > end) continue;
    const uint8_t* const entry = store - kStoreBytes;
    const bool has_form = std::equal(kStore.begin(), kStore.end(), store) &&
                          std::equal(kStore.begin(), kStore.end(), entry) && *behind == kJump;
    if (!has_form) continue;
    const auto offset = behind + displacement_at(store + kStore.size()) - hot.data();
    if (offset < 0 || static_cast<size_t>(offset) + kJumpBytes > hot.size()) continue;
    uint8_t* const site = hot.data() + offset;
    const uint8_t* const back = behind + kJumpBytes + displacement_at(behind + 1);
    const std::array<uint8_t, kJumpBytes> jump = jump_of(site, entry);
    if (back != site + kJumpBytes || site[kNoOp.size()] != jump.back() ||
        !std::equal(kNoOp.begin(), kNoOp.end(), site)) {
      continue;
    }
    uint32_t bytes = 0;
    std::memcpy(&bytes, jump.data(), sizeof bytes);
    __atomic_store_n(reinterpret_cast<uint32_t*>(site), bytes, __ATOMIC_RELEASE);
    ++count;
  }
}

}  // namespace weft::translate

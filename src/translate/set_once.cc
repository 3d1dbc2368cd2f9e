#include "translate/set_once.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <optional>
#include <span>

#include "base/check.h"
#include "x86/once_code.h"

namespace weft::translate {
namespace {

using namespace x86::once;

constexpr int32_t kMostShort = 127;

int32_t number_at(const uint8_t* field) {
  int32_t value = 0;
  std::memcpy(&value, field, sizeof value);
  return value;
}

int32_t distance(const uint8_t* from, const uint8_t* to) { return static_cast<int32_t>(to - from); }

using Code = std::array<uint8_t, kShortStoreBytes>;

Code code_of(std::span<const uint8_t> opcode, int32_t field, std::span<const uint8_t> behind) {
  Code code{};
  auto at = std::copy(opcode.begin(), opcode.end(), code.begin());
  std::memcpy(&*at, &field, sizeof field);
  std::copy(behind.begin(), behind.end(), at + sizeof field);
  return code;
}

/// One addition, in the code of a fragment.
class Addition {
 public:
  /// `entry`: where the jump leads, in cold code.
  Addition(uint8_t* site, uint8_t* entry)
      : site_(site),
        no_op_place_(entry + kWordStoreBytes + kCodeStoreBytes - sizeof(NoOp)),
        word_(entry + kWordStoreBytes + number_at(entry + kWordStore.size())),
        value_(number_at(entry + kWordStoreBytes - sizeof value_)),
        may_wait_(std::equal(kLongNoOp.begin(), kLongNoOp.begin() + kOpcodeBytes, no_op_place_)),
        jump_(code_of(kJump, distance(site + kJumpBytes, entry), kBehindJump)),
        store_(code_of(kShortStore, distance(site + kShortStoreBytes, word_),
                       std::array<uint8_t, 1>{static_cast<uint8_t>(value_)})),
        no_op_(jump_) {
    const NoOp& no_op = may_wait_ ? kLongNoOp : kNoOp;
    std::copy(no_op.begin(), no_op.begin() + (may_wait_ ? kOpcodeBytes : no_op.size()),
              no_op_.begin());
  }

  size_t size() const { return may_wait_ ? kShortStoreBytes : kJumpBytes; }
  bool is_one() const { return is_no_op() || waits() || has(jump_); }
  bool is_no_op() const { return has(no_op_); }
  bool may_wait() const { return may_wait_; }
  bool waits() const { return may_wait_ && has(store_); }
  bool has_run() const {
    return __atomic_load_n(reinterpret_cast<const int64_t*>(word_), __ATOMIC_RELAXED) == value_;
  }

  void make_no_op() { set_site(no_op_); }
  void put_store() { set_site(store_); }
  void put_jump() {
    // Where it waits, nobody comes to the cold code.
    if (may_wait_) std::memcpy(no_op_place_, no_op_.data(), sizeof(NoOp));
    set_site(jump_);
  }

 private:
  bool has(const Code& code) const { return std::memcmp(site_, code.data(), size()) == 0; }
  /// Other threads execute what was there or what comes: it lies in one aligned word.
  void set_site(const Code& code) {
    constexpr uint64_t kWord = 8;
    const size_t bytes = may_wait_ ? kShortStoreBytes : sizeof(NoOp);
    const uint64_t offset = reinterpret_cast<uint64_t>(site_) % kWord;
    auto* const at = reinterpret_cast<uint64_t*>(site_ - offset);
    uint64_t before = __atomic_load_n(at, __ATOMIC_RELAXED);
    uint64_t after = 0;
    do {
      after = before;
      std::memcpy(reinterpret_cast<uint8_t*>(&after) + offset, code.data(), bytes);
    } while (
        !__atomic_compare_exchange_n(at, &before, after, true, __ATOMIC_RELEASE, __ATOMIC_RELAXED));
  }

  uint8_t* site_;         ///< in hot code
  uint8_t* no_op_place_;  ///< in cold code: the value of the store to code
  const uint8_t* word_;   ///< the counter
  int32_t value_;
  bool may_wait_;
  Code jump_;   ///< what the first execution removes
  Code store_;  ///< what stands there while the addition waits
  Code no_op_;
};

/// The addition whose store to code ends at `behind`, if that is one.
std::optional<Addition> addition_at(std::span<uint8_t> hot, std::span<uint8_t> cold,
                                    uint8_t* behind) {
  const auto before = static_cast<size_t>(behind - cold.data());
  if (before < kWordStoreBytes + kCodeStoreBytes || cold.size() - before < kJumpBytes)
    return std::nullopt;
  uint8_t* const store = behind - kCodeStoreBytes;
  uint8_t* const entry = store - kWordStoreBytes;
  const bool has_stores = std::equal(kCodeStore.begin(), kCodeStore.end(), store) &&
                          std::equal(kWordStore.begin(), kWordStore.end(), entry);
  if (!has_stores || *behind != kJump.front()) return std::nullopt;
  const auto offset = behind + number_at(store + kCodeStore.size()) - hot.data();
  if (offset < 0 || static_cast<size_t>(offset) + kShortStoreBytes > hot.size())
    return std::nullopt;
  uint8_t* const site = hot.data() + offset;
  const Addition addition(site, entry);
  const uint8_t* const back = behind + kJumpBytes + number_at(behind + 1);
  if (back != site + addition.size() || !addition.is_one()) return std::nullopt;
  return addition;
}

// No list of them is kept: cold code shows where they are. It might have the same bytes by chance,
// but not with a store and a jump that name each other's places, and the jump or a no-op there
// which has that distance's last byte.
template <typename Visit>
void for_each_addition(const cache::Fragment& fragment, Visit visit) {
  const std::span<uint8_t> hot(reinterpret_cast<uint8_t*>(fragment.hot_start().value),
                               fragment.hot_size());
  const std::span<uint8_t> cold(reinterpret_cast<uint8_t*>(fragment.cold_start().value),
                                fragment.cold_size());
  uint8_t* const end = cold.data() + cold.size();
  uint8_t* at = cold.data();
  while (true) {
    at = std::search(at, end, kNoOp.begin(), kNoOp.begin() + kOpcodeBytes - 1);
    if (end - at < static_cast<ptrdiff_t>(sizeof(NoOp))) return;
    if (std::optional<Addition> addition = addition_at(hot, cold, at + sizeof(NoOp))) {
      visit(*addition);
    }
    ++at;
  }
}

}  // namespace

void emit_set_once(Draft& draft, const Insertion& insertion) {
  x86::Assembler& out = draft.hot;
  x86::Assembler& cold = draft.cold;
  CHECK(!insertion.word.per_thread);
  const bool waits = insertion.waits && insertion.amount >= 0 && insertion.amount <= kMostShort;
  // What one store changes is one aligned word, or lies in one: other threads execute the jump or
  // what takes its place, and the store may run with alignment checks. Either may have prefixes in
  // front that mean nothing: so it stays one instruction.
  const uint32_t word = waits ? sizeof(uint64_t) : sizeof(NoOp);
  out.align_with_prefixes(word);
  const uint32_t site = out.position();
  if (waits) {
    draft.to_address(out.mov_rip_imm8(static_cast<uint8_t>(insertion.amount)),
                     insertion.word.address, 1);
  } else {
    draft.to_cold(out.jmp_rel32(), cold.position());
  }
  draft.cold_to_address(cold.mov_rip_imm32(insertion.amount), insertion.word.address, 4);
  const auto no_op = std::bit_cast<uint32_t>(waits ? kLongNoOp : kNoOp);
  draft.cold_to_hot(cold.mov_rip_dword(no_op), site, 4);
  draft.cold_to_hot(cold.jmp_rel32(), out.position(), 0);
}

size_t put_back_set_once(const cache::Fragment& fragment) {
  size_t count = 0;
  for_each_addition(fragment, [&count](Addition& addition) {
    if (addition.waits()) return;
    if (addition.is_no_op()) ++count;
    if (addition.may_wait()) {
      addition.put_store();
    } else {
      addition.put_jump();
    }
  });
  return count;
}

void settle_set_once(const cache::Fragment& fragment) {
  for_each_addition(fragment, [](Addition& addition) {
    if (!addition.waits()) return;
    if (addition.has_run()) {
      addition.make_no_op();
    } else {
      addition.put_jump();
    }
  });
}

}  // namespace weft::translate

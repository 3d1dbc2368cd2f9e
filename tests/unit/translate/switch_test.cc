// Runs the code that chooses among versions: it has to come to the right one for all values of the
// words, with the program's rcx and flags.
#include "translate/switch.h"

#include <asm/prctl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstring>
#include <limits>
#include <vector>

#include "cache/part.h"
#include "translate/thread_block.h"

namespace weft::translate {
namespace {

constexpr AppPc kTag{0x401000};
constexpr uint32_t kFirstOwn = 5;  ///< tool word of the first selection; the next one has the next
constexpr uint32_t kCopy = 40;
constexpr uint64_t kRcx = 0x1234'5678'9ABC'DEF0;
constexpr uint32_t kPart = 100'000;  ///< what a part returns is its number beyond that
constexpr size_t kMemory = 1 << 20;
constexpr uint64_t kCarryAndZero = 0x41;

struct Ran {
  uint64_t version;
  uint64_t rcx;
  uint64_t flags;
};

/// Calls the code with rcx and the carry and zero flags set.
Ran run(const void* code) {
  Ran ran{};
  asm volatile(
      "sub $128, %%rsp\n\t"
      "mov %[in], %%rcx\n\t"
      "xor %%eax, %%eax\n\t"
      "stc\n\t"
      "call *%[code]\n\t"
      "pushf\n\t"
      "pop %[flags]\n\t"
      "mov %%rcx, %[out]\n\t"
      "add $128, %%rsp"
      : "=&a"(ran.version), [flags] "=&r"(ran.flags), [out] "=&r"(ran.rcx)
      : [code] "r"(code), [in] "r"(kRcx)
      : "rcx", "rdx", "memory", "cc");
  return ran;
}

/// A block with a version for each value of one word, or of each pair of values of two.
class SwitchTest : public ::testing::Test {
 protected:
  SwitchTest()
      : memory_(static_cast<uint8_t*>(mmap(nullptr, kMemory, PROT_READ | PROT_WRITE | PROT_EXEC,
                                           MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))),
        draft_(environment_) {
    CHECK(memory_ != MAP_FAILED);
    syscall(SYS_arch_prctl, ARCH_SET_GS, &thread_);
  }
  ~SwitchTest() override {
    syscall(SYS_arch_prctl, ARCH_SET_GS, nullptr);
    munmap(memory_, kMemory);
  }

  void select(std::vector<int32_t> values, bool shared = false) {
    const auto index = static_cast<uint32_t>(block_.by.by.size());
    Word word{true, kFirstOwn + index, 0};
    if (shared) word = {false, 0, reinterpret_cast<uint64_t>(shared_word(index))};
    block_.by.by.push_back({word, std::move(values)});
  }
  uint64_t* shared_word(uint32_t index) const {
    return reinterpret_cast<uint64_t*>(memory_ + kMemory) - 1 - index;
  }
  void put(uint32_t selection, int64_t value) {
    const Word& word = block_.by.by[selection].selector;
    uint64_t& cell = word.per_thread ? thread_.tool_words[word.index] : *shared_word(selection);
    cell = static_cast<uint64_t>(value);
  }

  void make_versions() {
    size_t count = block_.by.by.front().values.size() + 1;
    if (block_.by.is_whole()) count = block_.by.stride(0) * count;
    if (!block_.by.is_whole() && block_.by.by.size() > 1) count = 2;
    block_.versions.resize(count);
    for (BlockPlan& each : block_.versions) each.tag = kTag;
    block_.versions.back().in_parts = !block_.by.is_whole();
  }

  /// Each version returns its number.
  void emit(const FreeState& free) {
    make_versions();
    const SwitchHead head(draft_, block_, free);
    std::vector<uint32_t> bodies;
    for (uint32_t i = 0; i < block_.versions.size(); ++i) {
      if (!block_.versions[i].is_made()) continue;
      bodies.push_back(draft_.hot.position());
      emit_return(i);
    }
    head.emit_rest(draft_, block_, bodies);
    for (const cache::ExitSpec& exit : draft_.exits) {
      const uint32_t part = cache::part_number(exit.target);
      EXPECT_EQ(cache::block_of_part(exit.target), kTag);
      draft_.fixups.push_back({cache::Fixup::Where::kHot, cache::Fixup::Kind::kHotRelative, 0,
                               exit.site, draft_.hot.position()});
      emit_return(kPart + part);
    }
    ASSERT_FALSE(draft_.hot.overflowed());
    load();
  }
  void emit_return(uint32_t value) {
    draft_.hot.u8(0xB8);  // mov eax, imm32; ret
    draft_.hot.bytes(reinterpret_cast<const uint8_t*>(&value), sizeof value);
    draft_.hot.u8(0xC3);
  }
  void load() {
    const auto code = draft_.hot.code();
    std::memcpy(memory_, code.data(), code.size());
    for (const cache::Fixup& fixup : draft_.fixups) {
      if (fixup.where != cache::Fixup::Where::kHot) continue;
      const uint64_t behind =
          reinterpret_cast<uint64_t>(memory_) + fixup.offset + 4 + fixup.trailing;
      const bool inside = fixup.kind == cache::Fixup::Kind::kHotRelative;
      const uint64_t target =
          inside ? reinterpret_cast<uint64_t>(memory_) + fixup.target : fixup.target;
      const auto field = static_cast<int32_t>(target - behind);
      std::memcpy(memory_ + fixup.offset, &field, sizeof field);
    }
  }

  /// The version that is run, with nothing changed on the way.
  uint64_t chosen() const {
    const Ran ran = run(memory_);
    EXPECT_EQ(ran.rcx, kRcx);
    EXPECT_EQ(ran.flags & kCarryAndZero, kCarryAndZero);
    return ran.version;
  }
  /// The same where the flags are dead.
  uint64_t chosen_without_flags() const {
    const Ran ran = run(memory_);
    EXPECT_EQ(ran.rcx, kRcx);
    return ran.version;
  }

  Environment environment_;
  uint8_t* memory_;
  ThreadBlock thread_;
  Draft draft_;
  PlannedBlock block_;
};

/// Which of `values` it is; their number: none.
size_t position(const std::vector<int32_t>& values, int64_t value) {
  size_t at = 0;
  while (at < values.size() && values[at] != value) ++at;
  return at;
}

const std::vector<int64_t>& strange() {
  static const std::vector<int64_t> all = {
      std::numeric_limits<int64_t>::min(),
      std::numeric_limits<int64_t>::max(),
      int64_t{1} << 32,
      -(int64_t{1} << 32) + 5,
      (int64_t{7} << 40) + 3,
      (int64_t{1} << 31) + 3,
      (int64_t{1} << 62) + 5,
      -1,
  };
  return all;
}

std::vector<int64_t> around(const std::vector<int32_t>& values) {
  std::vector<int64_t> all = strange();
  for (const int32_t each : values) {
    for (int delta = -1; delta <= 1; ++delta) all.push_back(int64_t{each} + delta);
  }
  return all;
}

const std::vector<int32_t> kFew = {0, 3, -2};
const std::vector<int32_t> kOther = {5, (1 << 30) - 1, -(1 << 30) + 1, 0};

std::vector<int32_t> many(size_t count) {
  std::vector<int32_t> all;
  for (size_t i = 0; i < count; ++i) {
    all.push_back(static_cast<int32_t>((i * 7919 + 5) % 8192) * 1000 - 4'000'000);
  }
  return all;
}

class OfTwo : public SwitchTest, public ::testing::WithParamInterface<std::pair<bool, bool>> {
 protected:
  void expect_pairs(bool flags_are_kept) {
    const std::vector<int32_t> first = block_.by.by[0].values;
    const std::vector<int32_t> second = block_.by.by[1].values;
    for (const int64_t one : around(first)) {
      for (const int64_t other : around(second)) {
        put(0, one);
        put(1, other);
        const size_t wanted = position(first, one) * (second.size() + 1) + position(second, other);
        ASSERT_EQ(flags_are_kept ? chosen() : chosen_without_flags(), wanted)
            << one << ", " << other;
      }
    }
  }
};

TEST_P(OfTwo, EachPairOfValuesComesToItsVersion) {
  select(kFew, GetParam().first);
  select(kOther, GetParam().second);
  emit({});
  expect_pairs(true);
}

TEST_P(OfTwo, EachPairOfValuesComesToItsVersionWhereFlagsAreDead) {
  select(kOther, GetParam().first);
  select(kFew, GetParam().second);
  emit({true, 1 << x86::kRdx});
  expect_pairs(false);
}

TEST_P(OfTwo, EachPairOfValuesComesToItsVersionWhereARegisterIsDead) {
  select({7}, GetParam().first);
  select(many(40), GetParam().second);
  emit({false, 1 << x86::kRdx});
  expect_pairs(true);
}

TEST_P(OfTwo, AllButTheFirstPairIsLookedForInTheParts) {
  select({7}, GetParam().first);
  select({9}, GetParam().second);
  const bool shared = GetParam().second;
  block_.by.parts = {block_.by.by[1].selector,
                     {{std::numeric_limits<int32_t>::min(), 3}, {10, 1}, {500, 7}},
                     {true, kCopy}};
  emit({});
  put(0, 7);
  put(1, 9);
  EXPECT_EQ(chosen(), 0u);
  put(0, 8);
  for (const auto& [value, part] : {std::pair{9, 3u}, {10, 1u}, {499, 1u}, {500, 7u}, {-5, 3u}}) {
    put(1, value);
    EXPECT_EQ(chosen(), kPart + part) << value;
    if (!shared) continue;
    EXPECT_EQ(static_cast<int64_t>(thread_.tool_words[kCopy]), value);
  }
  put(0, 7);
  EXPECT_EQ(chosen(), kPart + 3);
}

INSTANTIATE_TEST_SUITE_P(OwnAndShared, OfTwo,
                         ::testing::Values(std::pair(false, false), std::pair(false, true),
                                           std::pair(true, false), std::pair(true, true)));

class OfOne : public SwitchTest, public ::testing::WithParamInterface<bool> {};

TEST_P(OfOne, EachOfManyValuesComesToItsVersion) {
  for (const size_t count : {16, 17, 18, 33, 64}) {
    draft_.clear();
    block_ = {};
    const std::vector<int32_t> values = many(count);
    select(values, GetParam());
    emit({true, 0});
    for (const int64_t value : around(values)) {
      put(0, value);
      ASSERT_EQ(chosen_without_flags(), position(values, value)) << value << " of " << count;
    }
  }
}

TEST_P(OfOne, ValuesBeyondTheFirstOnesComeToTheirPart) {
  select(kFew, GetParam());
  Parts& parts = block_.by.parts;
  parts = {block_.by.by[0].selector, {}, {true, kCopy}};
  for (uint32_t i = 0; i < 200; ++i) {
    parts.starts.push_back({static_cast<int32_t>(i) * 100 - 10'000, 200 - i});
  }
  emit({});
  for (size_t i = 0; i < kFew.size(); ++i) {
    put(0, kFew[i]);
    EXPECT_EQ(chosen(), i);
  }
  for (uint32_t i = 0; i < 200; ++i) {
    const int32_t from = parts.starts[i].from;
    for (const int32_t value : {from + 50, from + 99}) {
      put(0, value);
      EXPECT_EQ(chosen(), kPart + 200 - i) << value;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(OwnAndShared, OfOne, ::testing::Values(false, true));

}  // namespace
}  // namespace weft::translate

// Single store instructions, carried out on pages that the kernel keeps read-only.
#include "engine/protected_store.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "../cache/fake_code.h"
#include "fake_code_pages.h"

namespace weft::engine {
namespace {

using test::FakePages;
using test::kernel_lets_write;
using x86::CpuContext;
using Bytes = std::vector<uint8_t>;

constexpr uint64_t kCarry = 1;
constexpr uint64_t kZero = 0x40;
constexpr uint64_t kLegacyState = 3;  ///< x87 and SSE

/// A standard-format XSAVE area.
struct alignas(64) VectorState {
  VectorState() {
    constexpr uint32_t kMxcsr = 0x1F80;
    std::memcpy(bytes + 24, &kMxcsr, sizeof kMxcsr);
  }
  void set_xmm0(const void* value) {
    std::memcpy(bytes + 160, value, 16);
    bytes[512] = 2;
  }
  uint8_t bytes[4096] = {};
};

class ProtectedStores : public testing::Test {
 protected:
  void SetUp() override {
    memory_.open([](int fd) { return fd; });
    if (!memory_.is_open()) GTEST_SKIP() << "no /proc/self/mem";
    ASSERT_TRUE(store_.start(cache_.cache).ok());
    for (uint64_t i = 0; i < pages_.range().size(); ++i) at(i) = static_cast<uint8_t>(i * 7 + 1);
    before_.assign(pages_.start().bytes(), pages_.range().end.bytes());
    pages_.set_kernel_protection(PROT_READ | PROT_EXEC);
  }
  /// One byte of the pages.
  uint8_t& at(uint64_t offset) const {
    return reinterpret_cast<uint8_t*>(pages_.start().value)[offset];
  }
  AppPc place(uint64_t offset) const { return pages_.start() + offset; }
  AppRange places(uint64_t from, uint64_t to) const { return {place(from), place(to)}; }

  /// Carries out `code`, which faulted when it wrote at `fault`.
  std::optional<AppRange> run(const Bytes& code, uint64_t fault) {
    std::memcpy(code_, code.data(), code.size());
    registers_.rip = reinterpret_cast<uint64_t>(code_);
    return store_.run(registers_, place(fault), vector_state_.bytes, kLegacyState);
  }
  uint64_t passed() const { return registers_.rip - reinterpret_cast<uint64_t>(code_); }
  /// That the pages hold `written` at `offset`, and what they held before elsewhere.
  void expect_written(uint64_t offset, const Bytes& written) {
    Bytes expected = before_;
    std::copy(written.begin(), written.end(), expected.begin() + static_cast<int64_t>(offset));
    EXPECT_EQ(std::memcmp(expected.data(), pages_.start().bytes(), expected.size()), 0);
    EXPECT_FALSE(kernel_lets_write(place(offset)));
  }
  /// That `code` is refused, and nothing changed.
  void expect_refused(const Bytes& code, uint64_t fault) {
    const CpuContext was = registers_;
    EXPECT_FALSE(run(code, fault).has_value());
    EXPECT_EQ(passed(), 0u);
    EXPECT_EQ(std::memcmp(was.gpr, registers_.gpr, sizeof was.gpr), 0);
    expect_written(0, {});
  }

  cache::test::TestCache cache_;
  linux::AddressSpace space_;
  linux::OwnMemory memory_;
  FakePages pages_{space_};
  ProtectedStore store_{space_, memory_};
  VectorState vector_state_;
  CpuContext registers_;
  Bytes before_;
  uint8_t code_[64] = {};
};

TEST_F(ProtectedStores, ChangeTheirBytesAndNoOthers) {
  registers_[x86::kRdi] = place(100).value;
  registers_[x86::kRax] = 0xFFFFFFFFA1A2A3A4;
  const CpuContext was = registers_;
  EXPECT_EQ(run({0x89, 0x47, 0x05}, 105), places(105, 109));  // mov [rdi+5], eax
  EXPECT_EQ(passed(), 3u);
  EXPECT_EQ(std::memcmp(was.gpr, registers_.gpr, sizeof was.gpr), 0);
  expect_written(105, {0xA4, 0xA3, 0xA2, 0xA1});
}

TEST_F(ProtectedStores, TellTheBytesThatDifferAlone) {
  uint64_t value;
  std::memcpy(&value, &at(64), sizeof value);
  registers_[x86::kRdi] = place(64).value;
  registers_[x86::kRax] = value ^ 0x0000'00FF'FF00'0000;
  EXPECT_EQ(run({0x48, 0x89, 0x07}, 64), places(67, 69));  // mov [rdi], rax
  Bytes written(8);
  std::memcpy(written.data(), &registers_[x86::kRax], 8);
  expect_written(64, written);
}

TEST_F(ProtectedStores, ThatChangeNothingTellNothing) {
  registers_[x86::kRdi] = place(64).value;
  registers_[x86::kRax] = at(64);
  const auto changed = run({0x88, 0x07}, 64);  // mov [rdi], al
  ASSERT_TRUE(changed.has_value());
  EXPECT_TRUE(changed->empty());
  EXPECT_EQ(passed(), 2u);
  expect_written(0, {});
}

TEST_F(ProtectedStores, GoAcrossTwoPages) {
  registers_[x86::kRdi] = place(kPageSize - 3).value;
  registers_[x86::kRax] = 0x8182838485868788;
  EXPECT_EQ(run({0x48, 0x89, 0x07}, kPageSize - 3), places(kPageSize - 3, kPageSize + 5));
  expect_written(kPageSize - 3, {0x88, 0x87, 0x86, 0x85, 0x84, 0x83, 0x82, 0x81});
}

TEST_F(ProtectedStores, AreKnownByAFaultOnTheirSecondPage) {
  registers_[x86::kRdi] = place(kPageSize - 3).value;
  registers_[x86::kRax] = 0x8182838485868788;
  EXPECT_EQ(run({0x48, 0x89, 0x07}, kPageSize), places(kPageSize - 3, kPageSize + 5));
}

TEST_F(ProtectedStores, ToTheLastByteOfWhatIsMappedAreDone) {
  const uint64_t last = pages_.range().size() - 1;
  registers_[x86::kRdi] = place(last).value;
  registers_[x86::kRax] = 0x11;
  EXPECT_EQ(run({0x88, 0x07}, last), places(last, last + 1));  // mov [rdi], al
  expect_written(last, {0x11});
}

TEST_F(ProtectedStores, PastTheEndOfWhatIsMappedAreNotDone) {
  const uint64_t last = pages_.range().size() - 3;
  registers_[x86::kRdi] = place(last).value;
  for (const uint64_t value : {uint64_t{0x5A5A5A5A5A5A5A5A}, uint64_t{0xA5A5A5A5A5A5A5A5}}) {
    registers_[x86::kRax] = value;  // mov [rdi], rax
    expect_refused({0x48, 0x89, 0x07}, last);
  }
}

TEST_F(ProtectedStores, IntoAPageThatTheProgramMadeReadOnlyAreNotDone) {
  space_.note_protect({pages_.page(1), pages_.page(2)}, PROT_READ | PROT_EXEC);
  registers_[x86::kRdi] = place(kPageSize - 4).value;
  expect_refused({0x48, 0x89, 0x07}, kPageSize - 4);  // mov [rdi], rax
  registers_[x86::kRdi] = place(kPageSize).value;
  expect_refused({0x48, 0x89, 0x07}, kPageSize);
}

TEST_F(ProtectedStores, ReadWhatTheyModifyAndSetFlags) {
  registers_[x86::kRdi] = place(8).value;
  registers_[x86::kRax] = 256u - at(8);
  EXPECT_EQ(run({0x00, 0x07}, 8), places(8, 9));  // add [rdi], al
  EXPECT_EQ(registers_.rflags & (kCarry | kZero), kCarry | kZero);
  expect_written(8, {0});
}

TEST_F(ProtectedStores, ReadTheFlagsOfTheProgramAndKeepItsOthers) {
  constexpr uint64_t kDirection = 0x400;
  registers_.rflags = kCarry | kDirection | 2;
  registers_[x86::kRdi] = place(8).value;
  registers_[x86::kRax] = 1;
  EXPECT_TRUE(run({0x10, 0x07}, 8).has_value());  // adc [rdi], al
  expect_written(8, {static_cast<uint8_t>(before_[8] + 2)});
  EXPECT_EQ(registers_.rflags & (kCarry | kDirection), kDirection);
}

TEST_F(ProtectedStores, ExchangeWithRegisters) {
  registers_[x86::kRdi] = place(16).value;
  registers_[x86::kRax] = 0x99;
  EXPECT_EQ(run({0xF0, 0x0F, 0xC0, 0x07}, 16), places(16, 17));  // lock xadd [rdi], al
  EXPECT_EQ(registers_[x86::kRax], before_[16]);
  EXPECT_EQ(registers_[x86::kRdi], place(16).value);
  expect_written(16, {static_cast<uint8_t>(before_[16] + 0x99)});
}

TEST_F(ProtectedStores, OfAComparisonThatFailsReadAlone) {
  registers_[x86::kRdi] = place(16).value;
  registers_[x86::kRax] = before_[16] + 1u;
  const auto changed = run({0xF0, 0x0F, 0xB0, 0x0F}, 16);  // lock cmpxchg [rdi], cl
  ASSERT_TRUE(changed.has_value());
  EXPECT_TRUE(changed->empty());
  EXPECT_EQ(registers_[x86::kRax], before_[16]);
  EXPECT_EQ(registers_.rflags & kZero, 0u);
  expect_written(0, {});
}

TEST_F(ProtectedStores, WriteVectorRegistersOfTheProgram) {
  Bytes value(16);
  for (uint8_t i = 0; i < 16; ++i) value[i] = static_cast<uint8_t>(0xE0 + i);
  vector_state_.set_xmm0(value.data());
  registers_[x86::kRdi] = place(kPageSize - 8).value;
  EXPECT_TRUE(run({0x0F, 0x11, 0x07}, kPageSize - 8).has_value());  // movups [rdi], xmm0
  expect_written(kPageSize - 8, value);
}

TEST_F(ProtectedStores, UseEveryKindOfAddress) {
  registers_[x86::kRsp] = place(200).value;
  registers_[x86::kR9] = 3;
  // mov byte [rsp+r9*8+6], 0x77
  EXPECT_EQ(run({0x42, 0xC6, 0x44, 0xCC, 0x06, 0x77}, 230), places(230, 231));
  EXPECT_EQ(passed(), 6u);
  EXPECT_EQ(registers_[x86::kRsp], place(200).value);
  expect_written(230, {0x77});
}

TEST_F(ProtectedStores, AreRelativeToTheProgramsFs) {
  registers_.fs_base = place(300).value;
  registers_[x86::kRdi] = 8;
  registers_[x86::kRax] = 0x55667788;
  EXPECT_EQ(run({0x64, 0x89, 0x07}, 308), places(308, 312));  // mov fs:[rdi], eax
  EXPECT_EQ(passed(), 3u);
  expect_written(308, {0x88, 0x77, 0x66, 0x55});
  // add byte fs:[0x10], 1; a prefix in front of the segment's
  EXPECT_EQ(run({0xF0, 0x64, 0x80, 0x04, 0x25, 0x10, 0, 0, 0, 1}, 316), places(316, 317));
  EXPECT_EQ(passed(), 10u);
  EXPECT_EQ(at(316), static_cast<uint8_t>(before_[316] + 1));
}

TEST_F(ProtectedStores, PushRegistersConstantsAndMemory) {
  const auto word = [this](uint64_t offset) {
    uint64_t value = 0;
    std::memcpy(&value, place(offset).bytes(), sizeof value);
    return value;
  };
  const auto push = [&](const Bytes& code, uint64_t expected, uint64_t length = 0) {
    registers_[x86::kRsp] = place(kPageSize + 4).value;
    EXPECT_TRUE(run(code, kPageSize - 4).has_value());
    EXPECT_EQ(passed(), length == 0 ? code.size() : length);
    EXPECT_EQ(registers_[x86::kRsp], place(kPageSize - 4).value);
    EXPECT_EQ(word(kPageSize - 4), expected);
    EXPECT_EQ(at(kPageSize - 5), before_[kPageSize - 5]);
    EXPECT_EQ(at(kPageSize + 4), before_[kPageSize + 4]);
  };
  registers_[x86::kRax] = 0x1122334455667788;
  registers_[x86::kR13] = 0x99AABBCCDDEEFF00;
  push({0x50}, 0x1122334455667788);                          // push rax
  push({0x41, 0x55}, 0x99AABBCCDDEEFF00);                    // push r13
  push({0x54}, place(kPageSize + 4).value);                  // push rsp
  push({0x6A, 0xFE}, ~uint64_t{1});                          // push -2
  push({0x68, 0x01, 0x02, 0x03, 0x84}, 0xFFFFFFFF84030201);  // push imm32
  push({0xFF, 0xF0}, 0x1122334455667788);                    // push rax, the long way
  // push qword [rip+2]
  push({0xFF, 0x35, 2, 0, 0, 0, 0x90, 0x90, 1, 2, 3, 4, 5, 6, 7, 8}, 0x0807060504030201, 6);
}

TEST_F(ProtectedStores, FillByStringsUpToTheEndOfThePage) {
  registers_[x86::kRdi] = place(kPageSize - 5).value;
  registers_[x86::kRcx] = 12;
  registers_[x86::kRax] = 0xEE;
  EXPECT_EQ(run({0xF3, 0xAA}, kPageSize - 5), places(kPageSize - 5, kPageSize));  // rep stosb
  EXPECT_EQ(passed(), 0u) << "it is not done";
  EXPECT_EQ(registers_[x86::kRcx], 7u);
  EXPECT_EQ(registers_[x86::kRdi], place(kPageSize).value);
  expect_written(kPageSize - 5, Bytes(5, 0xEE));
  EXPECT_EQ(run({0xF3, 0xAA}, kPageSize), places(kPageSize, kPageSize + 7));
  EXPECT_EQ(passed(), 2u);
  EXPECT_EQ(registers_[x86::kRcx], 0u);
  expect_written(kPageSize - 5, Bytes(12, 0xEE));
}

TEST_F(ProtectedStores, CopyByStringsFromWhatTheyHaveWritten) {
  registers_[x86::kRsi] = place(50).value;
  registers_[x86::kRdi] = place(51).value;
  registers_[x86::kRcx] = 4;
  for (uint64_t i = 0; i < 4; ++i) {
    EXPECT_EQ(run({0xF3, 0xA4}, 51 + i), places(51 + i, 52 + i));  // rep movsb
  }
  EXPECT_EQ(passed(), 2u);
  EXPECT_EQ(registers_[x86::kRsi], place(54).value);
  expect_written(51, Bytes(4, before_[50]));
}

TEST_F(ProtectedStores, CopyManyElementsAtOnceFromElsewhere) {
  registers_[x86::kRsi] = place(2 * kPageSize).value;
  registers_[x86::kRdi] = place(64).value;
  registers_[x86::kRcx] = 3;
  EXPECT_TRUE(run({0xF3, 0x48, 0xA5}, 64).has_value());  // rep movsq
  EXPECT_EQ(passed(), 3u);
  EXPECT_EQ(registers_[x86::kRsi], place(2 * kPageSize + 24).value);
  const auto from = before_.begin() + 2 * kPageSize;
  expect_written(64, Bytes(from, from + 24));
}

TEST_F(ProtectedStores, OfOtherKindsAreRefusedUntouched) {
  registers_[x86::kRdi] = place(64).value;
  registers_[x86::kRsp] = place(128).value;
  expect_refused({0x66, 0x50}, 126);             // push ax
  expect_refused({0x50}, 128);                   // push rax, which stores below
  expect_refused({0x9C}, 120);                   // pushf
  expect_refused({0xDD, 0x1F}, 64);              // fstp qword [rdi]
  expect_refused({0x65, 0x89, 0x07}, 64);        // mov gs:[rdi], eax
  expect_refused({0x48, 0x89, 0x27}, 64);        // mov [rdi], rsp
  expect_refused({0x8F, 0x07}, 64);              // pop [rdi]
  expect_refused({0x0F, 0xAE, 0x07}, 64);        // fxsave [rdi]
  expect_refused({0x48, 0x0F, 0xAB, 0x07}, 64);  // bts [rdi], rax
  registers_.rflags = 0x400;
  registers_[x86::kRcx] = 1;
  expect_refused({0xF3, 0xAA}, 64);  // rep stosb, downwards
}

TEST_F(ProtectedStores, ThatFaultedElsewhereAreRefused) {
  registers_[x86::kRdi] = place(64).value;
  registers_[x86::kRax] = 0x1234567812345678;
  expect_refused({0x48, 0x89, 0x07}, 64 + 64);
  expect_refused({0x48, 0x89, 0x07}, 63);
  // Where the program may not write, it is not this store that faulted.
  space_.note_protect({pages_.page(1), pages_.page(2)}, PROT_READ | PROT_EXEC);
  registers_[x86::kRdi] = place(kPageSize - 4).value;
  expect_refused({0x88, 0x07}, kPageSize);  // mov [rdi], al
}

TEST_F(ProtectedStores, ToSharedMemoryAreRefused) {
  const FakePages shared(space_, 1, MAP_SHARED | MAP_ANONYMOUS);
  shared.set_kernel_protection(PROT_READ);
  registers_[x86::kRdi] = shared.start().value;
  registers_[x86::kRax] = 0x55;
  code_[0] = 0x88;  // mov [rdi], al
  code_[1] = 0x07;
  registers_.rip = reinterpret_cast<uint64_t>(code_);
  EXPECT_FALSE(
      store_.run(registers_, shared.start(), vector_state_.bytes, kLegacyState).has_value());
  EXPECT_EQ(*shared.start().bytes(), 0);
}

}  // namespace
}  // namespace weft::engine

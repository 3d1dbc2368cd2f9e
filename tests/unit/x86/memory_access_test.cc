// Which accesses a memory operand makes: those of single instructions, and what is listed from a
// state made up.
#include "x86/memory_access.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

#include "x86/xsave_layout.h"

namespace weft::x86 {
namespace {

using Bytes = std::vector<uint8_t>;

std::vector<OperandInfo> memory_of(const Bytes& bytes) {
  std::vector<OperandInfo> found;
  for (const OperandInfo& operand : describe(bytes.data(), bytes.size(), {0x400000}).operands) {
    if (operand.kind == OperandInfo::Kind::kMemory) found.push_back(operand);
  }
  return found;
}

TEST(Enter, PushesFramePointers) {
  const auto plain = memory_of({0xC8, 0x10, 0x00, 0x00});
  ASSERT_EQ(plain.size(), 1u);
  EXPECT_EQ(plain[0].size, 8);
  EXPECT_EQ(plain[0].memory.displacement, -8);
  const auto nested = memory_of({0xC8, 0x10, 0x00, 0x23});  // level 35 counts as 3
  ASSERT_EQ(nested.size(), 2u);
  EXPECT_EQ(nested[0].size, 32);
  EXPECT_EQ(nested[0].memory.displacement, -32);
  EXPECT_TRUE(nested[1].read);
  EXPECT_EQ(nested[1].memory.base, kRbp);
  EXPECT_EQ(nested[1].size, 16);
  EXPECT_EQ(nested[1].memory.displacement, -16);
}

TEST(PopToMemory, GoesWhereItIsWithTheStackPointerMoved) {
  const auto pop = memory_of({0x8F, 0x44, 0x24, 0x10});  // pop [rsp+16]
  EXPECT_EQ(pop[0].memory.displacement, 24);
  const auto push = memory_of({0xFF, 0x74, 0x24, 0x10});  // push [rsp+16]
  EXPECT_EQ(push[0].memory.displacement, 16);
  EXPECT_EQ(push[1].memory.displacement, -8);
}

TEST(BitNumbers, MoveByWholeUnitsDownwardsToo) {
  MemoryOperand operand;
  operand.moved_by = kRdx;
  const auto moved = [&](uint8_t unit, int64_t number) {
    operand.moved_unit = unit;
    return static_cast<int64_t>(operand.move(static_cast<uint64_t>(number)));
  };
  EXPECT_EQ(moved(8, 63), 0);
  EXPECT_EQ(moved(8, 64), 8);
  EXPECT_EQ(moved(8, -1), -8);
  EXPECT_EQ(moved(4, -33), -8);
  EXPECT_EQ(moved(4, 0x1'0000'001F), 0);
  EXPECT_EQ(moved(2, 0x8000), -4096);
  EXPECT_EQ(moved(1, 0x1FF), 255);
}

/// The accesses of one memory operand, with a state made up.
class Listing : public ::testing::Test {
 protected:
  static constexpr uint64_t kAllInUse = 0xE7;

  void set(uint32_t offset, uint64_t value, size_t bytes) {
    std::memcpy(state_.data() + offset, &value, bytes);
  }
  void set_opmask(unsigned number, uint64_t value) {
    set(xsave_layout()[xsave::kOpmask].offset + 8 * number, value, sizeof value);
  }
  void set_xmm(unsigned number, unsigned byte, uint64_t value, size_t bytes) {
    set(160 + 16 * number + byte, value, bytes);
  }
  std::vector<std::pair<int64_t, uint32_t>> list(const Bytes& bytes) {
    set(xsave::kHeader, kAllInUse, sizeof(uint64_t));
    MemoryAccessList found;
    const OperandInfo operand = memory_of(bytes).at(0);
    list_accesses(operand, {0, kBase}, {registers_, state_.data(), nullptr}, found);
    std::vector<std::pair<int64_t, uint32_t>> all;
    for (const MemoryAccess& each : found.all()) {
      EXPECT_EQ(each.read, operand.read);
      EXPECT_EQ(each.written, operand.written);
      all.emplace_back(static_cast<int64_t>(each.address - kBase), each.size);
    }
    return all;
  }

  static constexpr uint64_t kBase = 0x10000;
  using Accesses = std::vector<std::pair<int64_t, uint32_t>>;
  CpuContext registers_{};
  std::vector<uint8_t> state_ = std::vector<uint8_t>(16384);
};

TEST_F(Listing, OfMaskedElementsHasTheirRuns) {
  set_opmask(1, 0x800D);
  const Bytes load{0x62, 0xF1, 0x7E, 0x49, 0x6F, 0x00};  // vmovdqu32 zmm0{k1}, [rax]
  EXPECT_EQ(list(load), (Accesses{{0, 4}, {8, 8}, {60, 4}}));
  set_opmask(1, 0);
  EXPECT_EQ(list(load), Accesses{});
}

TEST_F(Listing, OfPackedElementsIsAsLongAsTheyAreMany) {
  set_opmask(1, 0xFF0D);
  const Bytes compress{0x62, 0xF2, 0xFD, 0x49, 0x8B, 0x00};  // vpcompressq [rax]{k1}, zmm0
  EXPECT_EQ(list(compress), (Accesses{{0, 24}}));
}

TEST_F(Listing, OfABroadcastIsOneElementIfAnyIsWanted) {
  const Bytes add{0x62, 0xF1, 0x7D, 0x59, 0xFE, 0x00};  // vpaddd zmm0{k1}, zmm0, [rax]{1to16}
  set_opmask(1, 0x8000);
  EXPECT_EQ(list(add), (Accesses{{0, 4}}));
  set_opmask(1, 0xFFFF0000);
  EXPECT_EQ(list(add), Accesses{});
}

TEST_F(Listing, OfAGatherHasOneForEachSign) {
  // vpgatherdd xmm0, [rax+xmm3*4], xmm2
  const Bytes gather{0xC4, 0xE2, 0x69, 0x90, 0x04, 0x98};
  set_xmm(3, 0, 0xFFFFFFFF'00000010, 8);
  set_xmm(3, 8, 0x00000005'80000000, 8);
  set_xmm(2, 0, 0x80000000'7FFFFFFF, 8);
  set_xmm(2, 8, 0xFFFFFFFF'00000000, 8);
  EXPECT_EQ(list(gather), (Accesses{{-4, 4}, {20, 4}}));
}

TEST_F(Listing, OfAScatterHasOneForEachMaskBit) {
  // vpscatterdq [rax+xmm3]{k1}, ymm0
  const Bytes scatter{0x62, 0xF2, 0xFD, 0x29, 0xA0, 0x04, 0x18};
  set_xmm(3, 0, 0x00000100'FFFFFF00, 8);
  set_xmm(3, 8, 0x00000300'00000200, 8);
  set_opmask(1, 0b1011);
  EXPECT_EQ(list(scatter), (Accesses{{-256, 8}, {256, 8}, {768, 8}}));
}

TEST_F(Listing, OfClzeroIsTheWholeLine) {
  const Bytes clzero{0x0F, 0x01, 0xFC};
  EXPECT_EQ(list(clzero), (Accesses{{0, 64}}));
}

}  // namespace
}  // namespace weft::x86

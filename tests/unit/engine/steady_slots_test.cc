#include "engine/steady_slots.h"

#include <gtest/gtest.h>

namespace weft::engine {
namespace {

constexpr AppPc kSlot{0x1008};
constexpr AppPc kFirst{0x400000};
constexpr AppPc kSecond{0x500000};
/// As many entries farther on, so that both have the same one.
constexpr AppPc kNeighbour{kSlot.value + 256 * sizeof(uint64_t)};

TEST(SteadySlots, ASlotIsSteadyWhileItKeepsItsTarget) {
  SteadySlots slots;
  EXPECT_TRUE(slots.note(kSlot, kFirst));
  EXPECT_TRUE(slots.note(kSlot, kFirst));
}

TEST(SteadySlots, ASlotThatHasChangedIsNeverSteadyAgain) {
  SteadySlots slots;
  slots.note(kSlot, kFirst);
  EXPECT_FALSE(slots.note(kSlot, kSecond));
  EXPECT_FALSE(slots.note(kSlot, kSecond));
  EXPECT_FALSE(slots.note(kSlot, kFirst));
}

TEST(SteadySlots, ASlotThatIsSaidToChangeIsNotSteady) {
  SteadySlots slots;
  slots.note_change(kSlot);
  EXPECT_FALSE(slots.note(kSlot, kFirst));
}

TEST(SteadySlots, ASteadySlotIsForgottenForAnother) {
  SteadySlots slots;
  slots.note(kSlot, kFirst);
  EXPECT_TRUE(slots.note(kNeighbour, kSecond));
  EXPECT_TRUE(slots.note(kSlot, kSecond));
}

TEST(SteadySlots, ASlotThatChangesIsNotForgottenForAnother) {
  SteadySlots slots;
  slots.note(kSlot, kFirst);
  slots.note(kSlot, kSecond);
  EXPECT_TRUE(slots.note(kNeighbour, kFirst));
  EXPECT_FALSE(slots.note(kSlot, kSecond));
}

}  // namespace
}  // namespace weft::engine

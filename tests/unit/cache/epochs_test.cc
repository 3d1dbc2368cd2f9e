#include "cache/epochs.h"

#include <gtest/gtest.h>

namespace weft::cache {
namespace {

struct Registered {
  explicit Registered(Epochs& e) : epochs(e) { epochs.register_thread(slot); }
  ~Registered() { epochs.unregister_thread(slot); }
  Epochs& epochs;
  EpochSlot slot;
};

TEST(Epochs, NobodyIsActiveAtFirst) {
  Epochs epochs;
  Registered a(epochs);
  EXPECT_EQ(epochs.min_active(), Epochs::kNobody);
}

TEST(Epochs, WhoEnteredBeforeAnAdvanceIsOlderThanIt) {
  Epochs epochs;
  Registered a(epochs), b(epochs);
  epochs.enter(a.slot);
  const uint64_t epoch = epochs.advance();
  epochs.enter(b.slot);
  EXPECT_LT(epochs.min_active(), epoch);
  epochs.leave(a.slot);
  EXPECT_EQ(epochs.min_active(), epoch);
  epochs.leave(b.slot);
}

TEST(Epochs, WhatIsRetiredAfterTheScanBeganIsNotFreeable) {
  Epochs epochs;
  Registered a(epochs);
  const uint64_t before = epochs.advance();
  const uint64_t freeable = epochs.freeable();
  EXPECT_GE(freeable, before);
  EXPECT_LT(freeable, epochs.advance());
}

TEST(Epochs, NestedEnterCountsFromTheOutermost) {
  Epochs epochs;
  Registered a(epochs);
  epochs.enter(a.slot);
  const uint64_t epoch = epochs.advance();
  epochs.enter(a.slot);
  epochs.leave(a.slot);
  EXPECT_LT(epochs.min_active(), epoch) << "the outer stay goes on";
  epochs.leave(a.slot);
  EXPECT_EQ(epochs.min_active(), Epochs::kNobody);
}

TEST(Epochs, GuardsWithoutASlotCountToo) {
  Epochs epochs;
  uint64_t epoch = 0;
  {
    EpochGuard outer(epochs);
    EpochGuard inner(epochs);
    epoch = epochs.advance();
    EXPECT_LT(epochs.min_active(), epoch);
  }
  EXPECT_EQ(epochs.min_active(), Epochs::kNobody);
}

TEST(Epochs, ForEachOlderVisitsExactlyThose) {
  Epochs epochs;
  Registered a(epochs), b(epochs), c(epochs);
  epochs.enter(a.slot);
  const uint64_t epoch = epochs.advance();
  epochs.enter(b.slot);
  std::vector<EpochSlot*> seen;
  epochs.for_each_older(epoch, [&seen](EpochSlot& slot) { seen.push_back(&slot); });
  EXPECT_EQ(seen, std::vector<EpochSlot*>{&a.slot});
  epochs.leave(a.slot);
  epochs.leave(b.slot);
}

}  // namespace
}  // namespace weft::cache

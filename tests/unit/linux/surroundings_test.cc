#include "linux/kernel/surroundings.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

namespace weft::linux {
namespace {

/// A process that knows everything; the singleton is the test program's own.
struct Told {
  Told() {
    from.hold({});
    from.note_boot("5b065362-2d4b-4590-97c5-d3ffd7f2aaaa");
    from.note_vdso_parts({0x4000, 0x2000, 0x2000});
    text = from.legacy(17);
  }
  Surroundings from;
  std::string text;
};

TEST(Surroundings, TheNextProcessKnowsWhatItsPredecessorTold) {
  const Told told;
  Surroundings next;
  ASSERT_TRUE(next.hold_again(told.text));
  EXPECT_EQ(next.told().tracer, 17);
  EXPECT_EQ(next.told().boot, "5b065362-2d4b-4590-97c5-d3ffd7f2aaaa");
  EXPECT_EQ(next.told().vdso_parts, (std::vector<uint64_t>{0x4000, 0x2000, 0x2000}));
  EXPECT_EQ(next.root(), told.from.root());
  EXPECT_EQ(next.weft(), told.from.weft());
  EXPECT_EQ(next.weft_path(), told.from.weft_path());
  EXPECT_EQ(next.executable(), -1);
  // And tells it on.
  EXPECT_EQ(next.legacy(17), told.text);
}

TEST(Surroundings, WhatIsTakenOverIsClosedByTheNextExecveAgain) {
  const Told told;
  ASSERT_EQ(fcntl(told.from.weft(), F_SETFD, 0), 0);
  Surroundings next;
  ASSERT_TRUE(next.hold_again(told.text));
  EXPECT_EQ(fcntl(next.weft(), F_GETFD), FD_CLOEXEC);
}

TEST(Surroundings, WhatWasGivenUpIsOpenedAgain) {
  Told told;
  const int weft = told.from.weft();
  ASSERT_TRUE(told.from.give_up(weft));
  Surroundings next;
  ASSERT_TRUE(next.hold_again(told.from.legacy(0)));
  EXPECT_GE(next.weft(), 0);
}

TEST(Surroundings, ATextThatMakesNoSenseIsRefused) {
  Surroundings next;
  EXPECT_FALSE(next.hold_again(""));
  EXPECT_FALSE(next.hold_again("99999,,,,,0,,,weft"));
}

}  // namespace
}  // namespace weft::linux

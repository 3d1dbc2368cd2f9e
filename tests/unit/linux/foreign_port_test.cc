#include "linux/memory/foreign_port.h"

#include <gtest/gtest.h>

#include <vector>

#include "sanitizers.h"

namespace weft::linux {
namespace {

// What other processes see.
ForeignRecord& record() { return *reinterpret_cast<ForeignRecord*>(kForeignPort.start.value); }

std::vector<uint64_t> listed() {
  const auto* pages = reinterpret_cast<const uint64_t*>(&record() + 1);
  return {pages, pages + record().page_count};
}

class ForeignPortTest : public testing::Test {
 protected:
  void SetUp() override {
    if (kSanitizerOwnsWindow) GTEST_SKIP() << "the sanitizer uses the window";
    static ForeignPort* const only = [] {
      auto* made = new ForeignPort;
      made->open();
      return made;
    }();
    port = only;
    ASSERT_TRUE(port->is_open());
  }
  ForeignPort* port = nullptr;
};

TEST_F(ForeignPortTest, OthersSeeThePagesThatAreListedAndTheLastOneTakesAStruckOnesPlace) {
  EXPECT_EQ(record().magic, ForeignRecord::kMagic);
  const uint32_t first = port->list(0x1000);
  const uint32_t second = port->list(0x2000);
  const uint32_t third = port->list(0x3000);
  EXPECT_EQ(port->strike(first), 0x3000u);
  EXPECT_EQ(listed(), (std::vector<uint64_t>{0x3000, 0x2000}));
  EXPECT_EQ(port->strike(second), 0u);
  EXPECT_EQ(third, 2u);
  EXPECT_EQ(port->strike(first), 0u);
  EXPECT_TRUE(listed().empty());
}

TEST_F(ForeignPortTest, AFullListTakesNoMore) {
  record().page_count = ForeignRecord::kMostPages;
  const uint32_t place = port->list(0x1000);
  record().page_count = 0;
  EXPECT_EQ(place, ForeignPort::kNotListed);
  EXPECT_EQ(port->strike(place), 0u);
}

TEST_F(ForeignPortTest, ARequestIsTakenOnce) {
  EXPECT_FALSE(port->has_request());
  record().request = {0x1234, 0x1238};
  ++record().asked;
  EXPECT_TRUE(port->has_request());
  EXPECT_EQ(port->take_request(), (AppRange{{0x1234}, {0x1238}}));
  EXPECT_FALSE(port->has_request());
  EXPECT_EQ(port->take_request(), std::nullopt);
}

TEST(ForeignPort, OneThatIsNotOpenListsNothing) {
  ForeignPort closed;
  EXPECT_EQ(closed.list(0x1000), ForeignPort::kNotListed);
  EXPECT_FALSE(closed.has_request());
}

}  // namespace
}  // namespace weft::linux

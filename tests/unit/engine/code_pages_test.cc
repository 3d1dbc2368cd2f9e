// The states of pages that hold code, over real pages; time and epochs are numbers.
#include "engine/code_pages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fake_code_pages.h"

namespace weft::engine {
namespace {

using Store = CodePages::Store;
using test::FakePages;
using test::kernel_lets_write;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr uint64_t kMillisecond = 1'000'000;
constexpr int kEmulated = 16;     ///< stores to a held page until it is opened
constexpr int kUnhastened = 199;  ///< and to one that is being opened until threads are nudged
constexpr int kOpenings = 4;      ///< in a row, until its code checks itself

struct TestPages {
  linux::AddressSpace space;
  FakePages memory{space};
  linux::ForeignPort port;
  CodePages pages{space, port};
  AppPc page = memory.page(1);
  CodePages::Moment now = 1000 * kMillisecond;

  /// Stores until the page is to be opened.
  void store_until_closing() {
    for (int i = 0; i < kEmulated; ++i) ASSERT_EQ(pages.on_store(page, 0, now), Store::kEmulate);
    ASSERT_EQ(pages.on_store(page, 0, now), Store::kClose);
  }
  /// Holds the page, and opens it by stores.
  void open_once() {
    ASSERT_TRUE(pages.protect(page));
    store_until_closing();
    pages.close(page, 7);
    ASSERT_EQ(pages.on_store(page, 7, now), Store::kGrant);
    pages.grant(page, now);
  }
  void open_until_checked() {
    for (int i = 0; i < kOpenings; ++i) open_once();
  }
};

TEST(CodePages, AHeldPageIsReadOnlyToTheKernelAndItsNeighboursAreNot) {
  TestPages t;
  EXPECT_FALSE(t.pages.any_held());
  EXPECT_TRUE(t.pages.protect(t.page + 123));
  EXPECT_TRUE(t.pages.any_held());
  EXPECT_FALSE(kernel_lets_write(t.page));
  EXPECT_FALSE(kernel_lets_write(t.page + (kPageSize - 1)));
  EXPECT_TRUE(kernel_lets_write(t.memory.page(0)));
  EXPECT_TRUE(kernel_lets_write(t.memory.page(2)));
}

TEST(CodePages, ReleaseGivesBackWhatIsInItsRangeAlone) {
  TestPages t;
  for (uint64_t number = 0; number < 3; ++number)
    EXPECT_TRUE(t.pages.protect(t.memory.page(number)));
  t.pages.release({t.page + 10, t.page + 11});
  EXPECT_TRUE(kernel_lets_write(t.page));
  EXPECT_FALSE(kernel_lets_write(t.memory.page(0)));
  EXPECT_FALSE(kernel_lets_write(t.memory.page(2)));
  EXPECT_TRUE(t.pages.any_held());
  // A range of many more pages than are known.
  t.pages.release({{t.memory.start().value}, {t.memory.start().value + (1u << 30)}});
  EXPECT_TRUE(kernel_lets_write(t.memory.page(0)));
  EXPECT_TRUE(kernel_lets_write(t.memory.page(2)));
  EXPECT_FALSE(t.pages.any_held());
}

TEST(CodePages, APageProtectedTwiceIsHeldOnce) {
  TestPages t;
  EXPECT_TRUE(t.pages.protect(t.page));
  EXPECT_TRUE(t.pages.protect(t.page));
  t.pages.release(t.memory.range());
  EXPECT_FALSE(t.pages.any_held());
}

TEST(CodePages, WhatTheProgramMadeReadOnlyStaysSo) {
  TestPages t;
  EXPECT_TRUE(t.pages.protect(t.page));
  t.space.note_protect(t.memory.range(), PROT_READ | PROT_EXEC);
  t.pages.release(t.memory.range());
  EXPECT_FALSE(kernel_lets_write(t.page));
  EXPECT_FALSE(t.pages.any_held());
}

TEST(CodePages, AStoreThatNothingStopsAnyMoreIsRetried) {
  TestPages t;
  EXPECT_EQ(t.pages.on_store(t.page, 0, t.now), Store::kRetry);
  EXPECT_TRUE(t.pages.protect(t.page));
  EXPECT_EQ(t.pages.on_store(t.memory.page(2), 0, t.now), Store::kRetry);
  EXPECT_EQ(t.pages.on_store(t.page + 5, 0, t.now), Store::kEmulate);
  t.pages.release(t.memory.range());
  EXPECT_EQ(t.pages.on_store(t.page, 0, t.now), Store::kRetry);
}

TEST(CodePages, FewStoresLeaveThePageHeldAndManyBeginToOpenIt) {
  TestPages t;
  EXPECT_TRUE(t.pages.protect(t.page));
  t.store_until_closing();
  EXPECT_FALSE(t.pages.protect(t.page)) << "new code would be plain";
  EXPECT_FALSE(kernel_lets_write(t.page)) << "plain code is still executed";
}

TEST(CodePages, APageIsOpenedWhenNobodyExecutesItsPlainCode) {
  TestPages t;
  EXPECT_TRUE(t.pages.protect(t.page));
  t.store_until_closing();
  EXPECT_EQ(t.pages.on_store(t.page, 1000, t.now), Store::kEmulate) << "not deleted yet";
  t.pages.close(t.page, 7);
  EXPECT_EQ(t.pages.on_store(t.page, 6, t.now), Store::kEmulate);
  EXPECT_EQ(t.pages.on_store(t.page, 7, t.now), Store::kGrant);
  EXPECT_FALSE(kernel_lets_write(t.page));
  t.pages.grant(t.page, t.now);
  EXPECT_TRUE(kernel_lets_write(t.page));
  EXPECT_FALSE(t.pages.any_held());
  EXPECT_TRUE(t.pages.protect(t.page)) << "its next code is plain";
  EXPECT_EQ(t.pages.on_store(t.page, 0, t.now), Store::kEmulate) << "and counted from the start";
}

TEST(CodePages, AThreadThatDoesNotLeaveIsHastenedAndThePageStaysClosedUntilItHas) {
  TestPages t;
  EXPECT_TRUE(t.pages.protect(t.page));
  t.store_until_closing();
  t.pages.close(t.page, 7);
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < kUnhastened; ++i) {
      ASSERT_EQ(t.pages.on_store(t.page, 6, t.now), Store::kEmulate);
    }
    EXPECT_EQ(t.pages.on_store(t.page, 6, t.now), Store::kHasten);
  }
  EXPECT_EQ(t.pages.on_store(t.page, 7, t.now), Store::kGrant);
}

TEST(CodePages, ANewPageBehindOneThatChecksItselfDoesSoTooAsLong) {
  TestPages t;
  t.open_until_checked();
  EXPECT_FALSE(t.pages.protect(t.memory.page(2)));
  EXPECT_TRUE(kernel_lets_write(t.memory.page(2)));
  EXPECT_TRUE(t.pages.protect(t.memory.page(0))) << "what lies before it is another matter";
  t.now += 200 * kMillisecond;
  EXPECT_EQ(t.pages.calm(t.now).size(), 2u);
  EXPECT_TRUE(t.pages.protect(t.memory.page(2)));
}

TEST(CodePages, WhoWritesUnseenFindsNoPageHeldFromThenOn) {
  TestPages t;
  EXPECT_TRUE(t.pages.protect(t.page));
  t.pages.check_always();
  EXPECT_EQ(t.pages.close_all(t.memory.range(), t.now).size(), 1u);
  t.pages.open_closed(t.memory.range(), t.now);
  EXPECT_TRUE(kernel_lets_write(t.page));
  EXPECT_FALSE(t.pages.protect(t.page));
  EXPECT_FALSE(t.pages.protect(t.memory.page(0)));
  t.now += 10'000 * kMillisecond;
  t.pages.calm(t.now);
  EXPECT_FALSE(t.pages.protect(t.page));
}

TEST(CodePages, APageThatIsNotStoredToWhileItIsBeingOpenedIsHeldAgain) {
  TestPages t;
  EXPECT_TRUE(t.pages.protect(t.page));
  t.store_until_closing();
  t.pages.close(t.page, 7);
  EXPECT_TRUE(t.pages.any_to_calm());
  EXPECT_THAT(t.pages.calm(t.now + 99 * kMillisecond), IsEmpty());
  EXPECT_FALSE(t.pages.protect(t.page));
  EXPECT_THAT(t.pages.calm(t.now + 100 * kMillisecond), ElementsAre(t.memory.pages(1, 1)));
  EXPECT_FALSE(t.pages.any_to_calm());
  EXPECT_TRUE(t.pages.protect(t.page)) << "new code is plain";
  EXPECT_FALSE(kernel_lets_write(t.page));
  EXPECT_EQ(t.pages.on_store(t.page, 7, t.now), Store::kEmulate) << "and counted from the start";
}

TEST(CodePages, APageThatIsAboutToBeOpenedIsNotHeldAgain) {
  constexpr CodePages::Moment kLong = 10'000 * kMillisecond;
  TestPages granted;
  EXPECT_TRUE(granted.pages.protect(granted.page));
  granted.store_until_closing();
  granted.pages.close(granted.page, 7);
  EXPECT_EQ(granted.pages.on_store(granted.page, 7, granted.now), Store::kGrant);
  EXPECT_THAT(granted.pages.calm(granted.now + kLong), IsEmpty());
  TestPages by_the_kernel;
  EXPECT_TRUE(by_the_kernel.pages.protect(by_the_kernel.page));
  by_the_kernel.store_until_closing();
  EXPECT_THAT(by_the_kernel.pages.close_all(by_the_kernel.memory.range(), by_the_kernel.now),
              ElementsAre(by_the_kernel.memory.pages(1, 1)));
  EXPECT_THAT(by_the_kernel.pages.calm(by_the_kernel.now + kLong), IsEmpty());
  by_the_kernel.pages.open_closed(by_the_kernel.memory.range(), by_the_kernel.now);
  EXPECT_TRUE(kernel_lets_write(by_the_kernel.page));
}

TEST(CodePages, OnlyAHeldPageBeginsToClose) {
  TestPages t;
  EXPECT_FALSE(t.pages.begin_closing(t.page, t.now));
  EXPECT_TRUE(t.pages.protect(t.page));
  EXPECT_TRUE(t.pages.begin_closing(t.page, t.now));
  EXPECT_FALSE(t.pages.begin_closing(t.page, t.now));
  EXPECT_FALSE(t.pages.protect(t.page));
}

TEST(CodePages, APageOpenedOftenIsWritableAndItsCodeChecksItself) {
  TestPages t;
  for (int i = 1; i < kOpenings; ++i) t.open_once();
  EXPECT_TRUE(t.pages.protect(t.page));
  t.open_once();
  EXPECT_TRUE(t.pages.any_to_calm());
  EXPECT_TRUE(kernel_lets_write(t.page));
  EXPECT_FALSE(t.pages.protect(t.page));
  EXPECT_TRUE(kernel_lets_write(t.page));
  EXPECT_TRUE(t.pages.protect(t.memory.page(3))) << "other pages do not";
}

TEST(CodePages, OpeningsFarApartAreNotInARow) {
  TestPages t;
  for (int i = 0; i < 3 * kOpenings; ++i) {
    t.open_once();
    t.now += 101 * kMillisecond;
  }
  EXPECT_TRUE(t.pages.protect(t.page));
}

TEST(CodePages, ACheckedPageIsHeldAgainWhenItHasBeenCalmForAWhile) {
  TestPages t;
  t.open_until_checked();
  t.now += 99 * kMillisecond;
  EXPECT_THAT(t.pages.calm(t.now), IsEmpty());
  EXPECT_FALSE(t.pages.protect(t.page));
  t.now += 1 * kMillisecond;
  EXPECT_THAT(t.pages.calm(t.now), ElementsAre(t.memory.pages(1, 1)));
  EXPECT_FALSE(t.pages.any_to_calm());
  EXPECT_THAT(t.pages.calm(t.now), IsEmpty());
  EXPECT_TRUE(t.pages.protect(t.page));
  EXPECT_FALSE(kernel_lets_write(t.page));
}

TEST(CodePages, WhenItGoesOnOneOpeningIsEnoughAndTheCheckingLastsTwiceAsLong) {
  TestPages t;
  t.open_until_checked();
  t.now += 100 * kMillisecond;
  EXPECT_THAT(t.pages.calm(t.now), ElementsAre(t.memory.pages(1, 1)));
  t.open_once();
  EXPECT_TRUE(t.pages.any_to_calm());
  t.now += 199 * kMillisecond;
  EXPECT_THAT(t.pages.calm(t.now), IsEmpty());
  t.now += 1 * kMillisecond;
  EXPECT_THAT(t.pages.calm(t.now), ElementsAre(t.memory.pages(1, 1)));
}

TEST(CodePages, CheckingIsTriedAtLeastEverySixAndAHalfSeconds) {
  TestPages t;
  t.open_until_checked();
  for (int i = 0; i < 20; ++i) {
    t.now += 6400 * kMillisecond;
    ASSERT_THAT(t.pages.calm(t.now), ElementsAre(t.memory.pages(1, 1)));
    t.open_once();
    ASSERT_TRUE(t.pages.any_to_calm());
  }
}

TEST(CodePages, AfterALongPauseThePageIsLikeAnyOther) {
  TestPages t;
  t.open_until_checked();
  t.now += 100 * kMillisecond;
  EXPECT_THAT(t.pages.calm(t.now), ElementsAre(t.memory.pages(1, 1)));
  t.now += 101 * kMillisecond;
  t.open_once();
  EXPECT_TRUE(t.pages.protect(t.page));
}

TEST(CodePages, TheNextPageToCalmIsFoundBehindTheFirst) {
  TestPages t;
  t.open_until_checked();
  t.now += 50 * kMillisecond;
  t.page = t.memory.page(3);
  t.open_until_checked();
  t.now += 50 * kMillisecond;
  EXPECT_THAT(t.pages.calm(t.now), ElementsAre(t.memory.pages(1, 1)));
  EXPECT_TRUE(t.pages.any_to_calm());
  t.now += 49 * kMillisecond;
  EXPECT_THAT(t.pages.calm(t.now), IsEmpty());
  t.now += 1 * kMillisecond;
  EXPECT_THAT(t.pages.calm(t.now), ElementsAre(t.memory.pages(3, 1)));
}

TEST(CodePages, ReleaseForgetsHowOftenAPageWasOpened) {
  TestPages t;
  t.open_until_checked();
  t.pages.release(t.memory.range());
  t.open_once();
  EXPECT_TRUE(t.pages.protect(t.page));
}

TEST(CodePages, PagesThatTheKernelWritesAreOpenedAndCheckThemselvesForAWhile) {
  TestPages t;
  EXPECT_THAT(t.pages.close_all(t.memory.range(), t.now), IsEmpty());
  EXPECT_TRUE(t.pages.protect(t.memory.page(0)));
  EXPECT_TRUE(t.pages.protect(t.page));
  const AppRange buffer{t.page + 8, t.memory.page(3)};
  EXPECT_THAT(t.pages.close_all(buffer, t.now), ElementsAre(t.memory.pages(1, 1)));
  EXPECT_FALSE(kernel_lets_write(t.page));
  EXPECT_FALSE(t.pages.protect(t.page));
  t.pages.open_closed(buffer, t.now);
  EXPECT_TRUE(kernel_lets_write(t.page));
  EXPECT_FALSE(kernel_lets_write(t.memory.page(0)));
  EXPECT_FALSE(t.pages.protect(t.page));
  EXPECT_THAT(t.pages.calm(t.now + 100 * kMillisecond), ElementsAre(t.memory.pages(1, 1)));
}

TEST(CodePages, AHeldPageIsNotOpenedWithoutBeingClosed) {
  TestPages t;
  EXPECT_TRUE(t.pages.protect(t.page));
  t.pages.open_closed(t.memory.range(), t.now);
  EXPECT_FALSE(kernel_lets_write(t.page));
  EXPECT_TRUE(t.pages.protect(t.page));
}

}  // namespace
}  // namespace weft::engine

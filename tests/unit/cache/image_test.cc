// A cache that goes on where another one ended.
#include <gtest/gtest.h>
#include <sys/mman.h>

#include <cstring>
#include <memory>
#include <vector>

#include "fake_code.h"

namespace weft::cache::test {
namespace {

constexpr uint64_t kCode = 0x300'0000'0000;
constexpr AppRange kRecords{{0x310'0000'0000}, {0x310'0400'0000}};
constexpr AppPc kOne{0x1000};
constexpr AppPc kOther{0x2000};
constexpr AppPc kNew{0x3000};

bool wants_all(const Fragment& /*fragment*/) { return true; }

class Images : public testing::Test {
 protected:
  struct Process {
    explicit Process(AppRange records = kRecords) {
      CacheOptions options = TestCache::options(16u << 20, 1u << 20);
      options.base = kCode;
      options.records = records;
      cache = std::make_unique<CodeCache>(options, shadow.map, epochs);
      CHECK(cache->start().ok());
    }
    Fragment* block(AppPc tag, std::vector<AppPc> targets = {}) {
      return cache->publish(FakeSpec(*cache, {tag}, std::move(targets)).get()).fragment;
    }

    Epochs epochs;
    FakeShadow shadow;
    std::unique_ptr<CodeCache> cache;
  };

  void SetUp() override {
    Process first;
    if (!take(*first.cache, wants_all)) GTEST_SKIP() << "no pools in this build";
    contents_.clear();
  }

  /// As a file would have it.
  bool take(CodeCache& cache, const std::function<bool(const Fragment&)>& visit) {
    cache.lock_for_fork();
    std::optional<CodeCache::Image> image = cache.image(visit);
    if (image) {
      state_ = image->state;
      for (const AppRange range : image->memory) {
        contents_.emplace_back(range.start.bytes(), range.start.bytes() + range.size());
      }
    }
    cache.unlock_after_fork(false);
    return image.has_value();
  }

  bool resume(CodeCache& cache) {
    return cache.resume(state_, [this](std::span<const AppRange> memory) {
      if (memory.size() != contents_.size()) return false;
      for (size_t i = 0; i < memory.size(); ++i) {
        if (memory[i].size() != contents_[i].size()) return false;
        void* const place = reinterpret_cast<void*>(memory[i].start.value);
        if (!memory[i].empty()) std::memcpy(place, contents_[i].data(), contents_[i].size());
      }
      return true;
    });
  }

  std::vector<uint8_t> state_;
  std::vector<std::vector<uint8_t>> contents_;
};

TEST_F(Images, AreGoneOnWithAsIfNothingHadHappened) {
  CachePc entry;
  uint64_t sequence = 0;
  {
    Process first;
    const Fragment* one = first.block(kOne, {kOther, kNew});
    first.block(kOther);
    entry = first.cache->find(kOne);
    sequence = one->sequence();
    ASSERT_TRUE(take(*first.cache, wants_all));
  }
  Process second;
  ASSERT_TRUE(resume(*second.cache));
  EXPECT_EQ(second.cache->find(kOne), entry);
  EXPECT_EQ(second.cache->stats().fragments_live, 2u);
  EXPECT_EQ(second.cache->stats().fragments_resumed, 2u);
  EXPECT_EQ(second.cache->stats().exits_linked, 1u);
  Fragment* const found = second.cache->fragment_at(entry);
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->sequence(), sequence);
  // What waited is linked, in code that another process wrote.
  const Fragment* made = second.block(kNew);
  ASSERT_NE(made, nullptr);
  EXPECT_GT(made->sequence(), sequence);
  EXPECT_EQ(second.cache->stats().exits_linked, 2u);
  // And so does deletion find its way.
  EXPECT_TRUE(second.cache->delete_fragment(kOther).block);
  EXPECT_EQ(second.cache->stats().exits_linked, 1u);
  EXPECT_EQ(second.cache->delete_region({kOne, kOne + 1}), 1u);
  EXPECT_EQ(second.cache->find(kOne).value, 0u);
  second.cache->reclaim_now();
  EXPECT_EQ(second.cache->stats().fragments_live, 1u);
  EXPECT_NE(second.block(kOne, {kOther}), nullptr);
}

TEST_F(Images, AreTakenOfWhatWasResumed) {
  {
    Process first;
    first.block(kOne);
    ASSERT_TRUE(take(*first.cache, wants_all));
  }
  {
    Process second;
    ASSERT_TRUE(resume(*second.cache));
    second.block(kOther, {kOne});
    contents_.clear();
    ASSERT_TRUE(take(*second.cache, wants_all));
  }
  Process third;
  ASSERT_TRUE(resume(*third.cache));
  EXPECT_EQ(third.cache->stats().fragments_live, 2u);
  EXPECT_EQ(third.cache->stats().exits_linked, 1u);
}

TEST_F(Images, HaveTheMemoryThatWasGivenBack) {
  uint64_t records = 0;
  {
    Process first;
    for (uint64_t i = 0; i < 200; ++i) first.block({0x10000 + i * kCodeBytes}, {kOne});
    first.cache->delete_all();
    first.cache->reclaim_now();
    first.block(kOne);
    records = first.cache->stats().metadata_bytes;
    ASSERT_TRUE(take(*first.cache, wants_all));
  }
  Process second;
  ASSERT_TRUE(resume(*second.cache));
  for (uint64_t i = 0; i < 200; ++i) {
    const Fragment* made = second.block({0x10000 + i * kCodeBytes}, {kOne});
    ASSERT_NE(made, nullptr);
    // Numbers of fragments and exits that the other process gave back.
    EXPECT_LT(made->id(), 512u);
  }
  EXPECT_LT(second.cache->stats().metadata_bytes, 2 * records);
}

TEST_F(Images, AreNotTakenOfWhatIsNotWanted) {
  Process process;
  process.block(kOne);
  process.block(kOther);
  const auto wants = [](const Fragment& fragment) { return fragment.tag() == kOne; };
  EXPECT_FALSE(take(*process.cache, wants));
  EXPECT_EQ(process.cache->delete_unless(wants), 1u);
  EXPECT_TRUE(take(*process.cache, wants));
}

TEST_F(Images, FitOneOrderOfRoutinesAndOnePlaceOfRecords) {
  {
    Process first;
    first.block(kOne);
    ASSERT_TRUE(take(*first.cache, wants_all));
  }
  {
    Process other;
    const uint8_t code[] = {0xC3};
    ASSERT_TRUE(other.cache->add_routine(code, {}).ok());
    EXPECT_FALSE(resume(*other.cache));
    EXPECT_NE(other.block(kOther), nullptr);
  }
  Process elsewhere{AppRange{}};
  EXPECT_FALSE(resume(*elsewhere.cache));
  EXPECT_NE(elsewhere.block(kOther), nullptr);
}

}  // namespace
}  // namespace weft::cache::test

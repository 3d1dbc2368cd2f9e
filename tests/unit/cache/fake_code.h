// Fragments of made-up code for tests of the cache: the layer decodes nothing, so any bytes will
// do. The hot code is: a magic word, then 8 bytes for each exit, whose last four are the rel32
// field; ahead of it, where calls enter, what takes their address off the stack. The id of an exit
// is 4 bytes behind where it goes unlinked.
#pragma once

#include <sys/mman.h>

#include <atomic>
#include <cstring>
#include <vector>

#include "base/check.h"
#include "cache/code_cache.h"
#include "cache/shadow_map.h"
#include "cache/stats.h"

namespace weft::cache::test {

inline constexpr uint64_t kMagic = 0x4D41474943434F44;
inline constexpr uint32_t kFirstSite = 12;
inline constexpr uint32_t kPastChoice = 3;
inline constexpr uint32_t kLanding = 5;
inline constexpr uint32_t kLead = 16;       ///< of hot code that calls enter
inline constexpr uint32_t kStub = 32;       ///< cold code of an exit
inline constexpr uint32_t kStubOfCall = 2;  ///< where it begins there
inline constexpr uint8_t kPop[CallExit::kPopSize] = {0x48, 0x8D, 0x64, 0x24, 0x08};
inline constexpr uint8_t kJump = 0xE9;
inline constexpr uint64_t kCodeBytes = 64;  ///< of program code in each made-up block

constexpr uint32_t site_of(size_t exit) { return kFirstSite + static_cast<uint32_t>(exit) * 8; }

/// A spec and what its spans point into.
class FakeSpec {
 public:
  FakeSpec(const CodeCache& cache, std::vector<AppPc> blocks, std::vector<AppPc> targets,
           FragmentKind kind = FragmentKind::kBlock)
      : hot_(8 + 8 * (targets.size() + 1)), cold_(kStub * targets.size() + 16) {
    // Before anything else is read, as the translator does it.
    for (const AppPc tag : blocks) {
      constituents_.push_back({tag, {tag, tag + kCodeBytes}, cache.generation(tag)});
    }
    std::memcpy(hot_.data(), &kMagic, sizeof kMagic);
    for (size_t i = 0; i < targets.size(); ++i) {
      const auto stub = static_cast<uint32_t>(kStub * i);
      exits_.push_back({site_of(i), stub, targets[i]});
      fixups_.push_back({Fixup::Where::kCold, Fixup::Kind::kExitId, 0, stub + 4, i});
    }
    entries_.push_back({blocks[0], 0});
    spec_.kind = kind;
  }
  FakeSpec(const FakeSpec&) = delete;
  FakeSpec& operator=(const FakeSpec&) = delete;

  /// Makes every constituent an entry, not only the first.
  FakeSpec& enter_everywhere() {
    for (size_t i = 1; i < constituents_.size(); ++i) entries_.push_back({constituents_[i].tag, 0});
    return *this;
  }
  FakeSpec& with_indirect_entry() {
    entries_[0].indirect = 0;
    return *this;
  }
  FakeSpec& with_landing(AppPc tag) {
    landings_.push_back({tag, kLanding});
    return *this;
  }
  /// Every exit is a counted one.
  FakeSpec& counted() {
    for (ExitSpec& exit : exits_) exit.counted = true;
    return *this;
  }
  /// The entries begin with a choice, which the exits know the outcome of.
  FakeSpec& with_choice(uint8_t name) {
    spec_.choice = name;
    for (ExitSpec& exit : exits_) exit.choice = name;
    for (EntrySpec& entry : entries_) entry.past_choice = kPastChoice;
    return *this;
  }
  /// Every exit is a call.
  FakeSpec& calls() {
    for (size_t i = 0; i < exits_.size(); ++i) {
      exits_[i].calls = true;
      exits_[i].stub += kStubOfCall;
      uint8_t* const stub = cold_.data() + exits_[i].stub;
      std::memcpy(stub, kPop, sizeof kPop);
      stub[sizeof kPop] = kJump;
      fixups_[i].offset = exits_[i].stub + CallExit::kUnlinked + 4;
    }
    return *this;
  }
  /// Calls enter ahead of the code, all of which is farther on.
  FakeSpec& called() {
    hot_.insert(hot_.begin(), kLead, uint8_t{0xCC});
    std::memcpy(hot_.data() + kLead - sizeof kPop, kPop, sizeof kPop);
    for (ExitSpec& exit : exits_) exit.site += kLead;
    for (EntrySpec& entry : entries_) {
      entry.direct += kLead;
      if (entry.indirect != EntrySpec::kNone) entry.indirect += kLead;
    }
    entries_[0].called = true;
    return *this;
  }
  FakeSpec& with_data(void* data) {
    spec_.tool_data = data;
    return *this;
  }
  /// A number in the code itself, behind the magic word.
  FakeSpec& with_number(uint64_t number) {
    const auto word = static_cast<uint32_t>(number);
    std::memcpy(hot_.data() + sizeof kMagic, &word, sizeof word);
    return *this;
  }
  FakeSpec& with_map(std::vector<uint8_t> map) {
    map_ = std::move(map);
    return *this;
  }
  FakeSpec& with_size(size_t hot) {
    hot_.resize(hot);
    return *this;
  }

  const FragmentSpec& get() {
    spec_.hot = hot_;
    spec_.cold = cold_;
    spec_.fixups = fixups_;
    spec_.exits = exits_;
    spec_.entries = entries_;
    spec_.landings = landings_;
    spec_.constituents = constituents_;
    spec_.state_map = map_;
    return spec_;
  }

 private:
  std::vector<uint8_t> hot_;
  std::vector<uint8_t> cold_;
  std::vector<uint8_t> map_;
  std::vector<Fixup> fixups_;
  std::vector<ExitSpec> exits_;
  std::vector<EntrySpec> entries_;
  std::vector<LandingSpec> landings_;
  std::vector<Constituent> constituents_;
  FragmentSpec spec_;
};

/// Where the jump with this rel32 field goes, read as a processor would.
inline CachePc jump_target(CachePc site) {
  const int32_t field =
      __atomic_load_n(reinterpret_cast<const int32_t*>(site.value), __ATOMIC_ACQUIRE);
  return {site.value + 4 + static_cast<uint64_t>(int64_t{field})};
}

inline bool pops_at(CachePc pc) { return std::memcmp(pc.bytes(), kPop, sizeof kPop) == 0; }

/// The same as far as the target's own code, or what comes to the dispatcher.
inline CachePc followed(CachePc site) {
  const CachePc target = jump_target(site);
  if (!pops_at(target)) return target;
  const bool in_stub = target.bytes()[sizeof kPop] == kJump;
  return in_stub ? jump_target(target + CallExit::kField) : target + sizeof kPop;
}

inline CachePc site_in(const Fragment& fragment, size_t exit) {
  const bool called = std::memcmp(fragment.hot_start().bytes(), &kMagic, sizeof kMagic) != 0;
  return fragment.hot_start() + (called ? kLead : 0) + site_of(exit);
}

inline CachePc exit_goes_to(const Fragment& fragment, size_t exit) {
  return followed(site_in(fragment, exit));
}

/// Where it goes unlinked.
inline CachePc stub_of(const Fragment& fragment, size_t exit) {
  const CachePc start = fragment.cold_start() + kStub * exit;
  const CachePc call = start + kStubOfCall;
  return pops_at(call) ? call + CallExit::kUnlinked : start;
}

inline ExitId exit_in_stub(CachePc stub) {
  ExitId id;
  std::memcpy(&id, stub.bytes() + 4, sizeof id);
  return id;
}

/// Shadow words for the addresses [0, kCovered) in an ordinary mapping.
class FakeShadow {
 public:
  static constexpr uint64_t kCovered = linux::ShadowedCode::kChunk;
  static constexpr CachePc kMiss{0x1234};

  FakeShadow()
      : memory_(mmap(nullptr, 8 * kCovered, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)),
        map(reinterpret_cast<uint64_t>(memory_), covered_) {
    CHECK(memory_ != MAP_FAILED);
    map.set_miss(kMiss);
    covered_.add({{0}, {kCovered}});
  }
  ~FakeShadow() { munmap(memory_, 8 * kCovered); }
  FakeShadow(const FakeShadow&) = delete;
  FakeShadow& operator=(const FakeShadow&) = delete;

  /// The words from `first` on come from the file's first page.
  bool map_file(int fd, AppPc first) {
    void* const place = static_cast<char*>(memory_) + 8 * first.value;
    return mmap(place, kPageSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, fd, 0) == place;
  }

 private:
  void* memory_;
  linux::ShadowedCode covered_{0};

 public:
  ShadowMap map;
};

/// A cache with all that it needs.
struct TestCache {
  explicit TestCache(uint64_t reserve = 16u << 20, uint64_t limbo_bound = 1u << 20)
      : cache(options(reserve, limbo_bound), shadow.map, epochs) {
    CHECK(cache.start().ok());
  }
  static CacheOptions options(uint64_t reserve, uint64_t limbo_bound) {
    CacheOptions options;
    options.reserve = reserve;
    options.limbo_bound = limbo_bound;
    options.poison = true;
    return options;
  }

  Fragment* block(AppPc tag, std::vector<AppPc> targets = {}) {
    return cache.publish(FakeSpec(cache, {tag}, std::move(targets)).get()).fragment;
  }
  Fragment* trace(std::vector<AppPc> blocks, std::vector<AppPc> targets = {}) {
    return cache
        .publish(FakeSpec(cache, std::move(blocks), std::move(targets), FragmentKind::kTrace).get())
        .fragment;
  }

  Epochs epochs;
  FakeShadow shadow;
  CodeCache cache;
};

}  // namespace weft::cache::test

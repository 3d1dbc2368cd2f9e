// The places that access memory, by number. Owned by the tool; number() may be called by any
// thread, and what it returned may be read by any thread at any time.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <memory>
#include <mutex>

#include "weft/instruction.h"

namespace weft::tools {

struct Site {
  enum class Kind : uint8_t {
    kAccess,
    kRepeatBegins,  ///< of a repeated string instruction: the address of its first access
    kRepeatAccess,  ///< the address of its other first access, if it has two
    kRepeatEnds,    ///< where the access of kRepeatBegins would go on
    kListed,        ///< the next list of accesses that a call has noted
  };
  Address pc = 0;
  uint32_t size = 0;
  bool is_store = false;
  Kind kind = Kind::kAccess;
  auto operator<=>(const Site&) const = default;
};

class SiteTable {
 public:
  static constexpr uint32_t kChunkSites = 1 << 16;
  static constexpr uint32_t kChunks = 1 << 12;

  /// The same number for the same site, however often its block is built.
  uint32_t number(const Site& site) {
    const std::lock_guard guard(mutex_);
    const auto [entry, is_new] = numbers_.try_emplace(site, static_cast<uint32_t>(numbers_.size()));
    if (is_new) store(entry->second, site);
    return entry->second;
  }

  // A record with the number was made by code that was published after the site was stored.
  const Site& operator[](uint32_t number) const {
    return chunks_[number / kChunkSites].load(std::memory_order_acquire)[number % kChunkSites];
  }

  ~SiteTable() {
    for (std::atomic<Site*>& chunk : chunks_) delete[] chunk.load();
  }

 private:
  void store(uint32_t number, const Site& site) {
    std::atomic<Site*>& chunk = chunks_[number / kChunkSites];
    if (chunk.load() == nullptr) chunk.store(new Site[kChunkSites], std::memory_order_release);
    chunk.load()[number % kChunkSites] = site;
  }

  std::mutex mutex_;
  std::map<Site, uint32_t> numbers_;
  std::array<std::atomic<Site*>, kChunks> chunks_{};
};

}  // namespace weft::tools

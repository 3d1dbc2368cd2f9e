// Which program addresses have a shadow word, in chunks: each is asked for once, and then has
// shadow for good or never. Owned by ShadowReservations, which reserves the memory; changes under
// its lock, read by any thread and by signal handlers.
#pragma once

#include <atomic>
#include <cstdint>

#include "base/address.h"
#include "base/check.h"

namespace weft::linux {

class ShadowedCode {
 public:
  /// Small beside what programs leave free around their code, large beside a page of code: many
  /// small mappings share one.
  static constexpr uint64_t kChunk = 16ull << 20;
  /// The words of what lies below would take the last of the low 2 GB.
  static constexpr uint64_t kBegin = 0x20000;
  /// Of an address beyond it the shadow word would lie beyond user memory.
  static constexpr uint64_t kEnd = 0xfff'f000'0000 / kChunk * kChunk;

  /// `begin`: nothing below it has shadow.
  explicit ShadowedCode(uint64_t begin = kBegin);
  ~ShadowedCode();
  ShadowedCode(const ShadowedCode&) = delete;
  ShadowedCode& operator=(const ShadowedCode&) = delete;

  SIGNAL_SAFE bool contains(AppPc pc) const { return pc.value >= begin_ && is_set(has_, pc); }
  /// Whether it was asked for already.
  bool is_decided(AppPc pc) const { return is_set(has_, pc) || is_set(refused_, pc); }

  /// `chunks`: whole chunks, below kEnd.
  void add(AppRange chunks) { set(has_, chunks); }
  void refuse(AppRange chunks) { set(refused_, chunks); }

 private:
  using Words = std::atomic<uint64_t>*;

  static constexpr uint64_t kBits = 64;
  static constexpr uint64_t kBytes = kEnd / kChunk / kBits * sizeof(uint64_t) + sizeof(uint64_t);

  static bool is_set(Words words, AppPc pc) {
    if (words == nullptr || pc.value >= kEnd) return false;
    const uint64_t chunk = pc.value / kChunk;
    // Acquire: who finds a chunk covered may touch its words.
    return (words[chunk / kBits].load(std::memory_order_acquire) >> chunk % kBits & 1) != 0;
  }
  static void set(Words words, AppRange chunks);

  const uint64_t begin_;
  Words has_ = nullptr;  ///< null: no memory for it, so nothing has shadow
  Words refused_ = nullptr;
};

}  // namespace weft::linux

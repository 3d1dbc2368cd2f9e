#include "common/block_hash.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <span>

namespace weft::tools {
namespace {

constexpr uint64_t kMultiplier = 0x9E3779B97F4A7C15;

uint64_t mix(uint64_t hash, uint64_t word) {
  const uint64_t product = (hash ^ word) * kMultiplier;
  return product ^ product >> 32;
}

}  // namespace

uint64_t hash_of(const Block& block) {
  uint64_t hash = kMultiplier;
  for (const Instruction& instruction : block) {
    // Each has at most 15 bytes.
    std::array<uint64_t, 2> words{};
    const std::span<const uint8_t> bytes = instruction.bytes();
    std::memcpy(words.data(), bytes.data(), std::min(bytes.size(), sizeof words));
    hash = mix(mix(hash, words[0]), words[1] ^ bytes.size() << 56);
  }
  return hash;
}

size_t first_slot(Address start, size_t slots) {
  constexpr uint64_t kNear = 256;
  constexpr uint64_t kSlotEach = 8;
  constexpr uint64_t kSlots = kNear / kSlotEach;
  return (mix(0, start / kNear) * kSlots + start % kNear / kSlotEach) & (slots - 1);
}

}  // namespace weft::tools

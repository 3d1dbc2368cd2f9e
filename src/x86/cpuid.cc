#include "x86/cpuid.h"

#include <array>
#include <atomic>

namespace weft::x86 {
namespace {

/// Of one question. A key is 0 while the place is free, kTaken while it is filled in.
struct Kept {
  std::atomic<uint64_t> key{0};
  CpuidAnswer answer;
};

constexpr uint64_t kTaken = ~uint64_t{0};
constexpr size_t kPlaces = kMostKeptCpuid;

std::array<Kept, kPlaces> g_kept;

CpuidAnswer ask(uint32_t leaf, uint32_t subleaf) {
  CpuidAnswer answer;
  asm volatile("cpuid"
               : "=a"(answer.eax), "=b"(answer.ebx), "=c"(answer.ecx), "=d"(answer.edx)
               : "a"(leaf), "c"(subleaf));
  return answer;
}

/// Whether the answer tells of the processor that the thread happens to be on: its number, its
/// kind, its node.
bool is_of_one_processor(uint32_t leaf) {
  switch (leaf) {
    case 0x1:
    case 0xB:
    case 0x1A:
    case 0x1F:
    case 0x8000'001E:
    case 0x8000'0026:
      return true;
    default:
      return false;
  }
}

/// Whoever asks these leaves has anything in ecx.
bool ignores_subleaf(uint32_t leaf) {
  constexpr uint32_t kExtended = 0x8000'0000;
  constexpr uint32_t kLastPlain = 0x8000'0008;
  return leaf == 0 || leaf == 2 || leaf == 5 || leaf == 6 ||
         (leaf >= kExtended && leaf <= kLastPlain);
}

/// Not 0, and not kTaken; of subleaves that are no larger than those that there are.
constexpr uint32_t kSubleaves = 1u << 31;
uint64_t key_of(uint32_t leaf, uint32_t subleaf) {
  return uint64_t{leaf} << 32 | uint64_t{subleaf} << 1 | 1;
}

/// Where the search for a key begins.
size_t place_of(uint64_t key) {
  constexpr uint64_t kMix = 0x9e37'79b9'7f4a'7c15;
  constexpr uint64_t kShift = 56;
  static_assert(uint64_t{1} << (64 - kShift) == kPlaces);
  return key * kMix >> kShift;
}

}  // namespace

CpuidAnswer cpuid(uint32_t leaf, uint32_t subleaf) {
  if (ignores_subleaf(leaf)) subleaf = 0;
  if (subleaf >= kSubleaves / 2 || is_of_one_processor(leaf)) return ask(leaf, subleaf);
  const uint64_t key = key_of(leaf, subleaf);
  for (size_t i = 0; i < kPlaces; ++i) {
    Kept& place = g_kept[(place_of(key) + i) % kPlaces];
    // Acquire: the answer is seen with its key.
    uint64_t found = place.key.load(std::memory_order_acquire);
    if (found == key) return place.answer;
    if (found == kTaken) return ask(leaf, subleaf);
    if (found != 0) continue;
    if (!place.key.compare_exchange_strong(found, kTaken)) return ask(leaf, subleaf);
    place.answer = ask(leaf, subleaf);
    place.key.store(key, std::memory_order_release);
    return place.answer;
  }
  return ask(leaf, subleaf);
}

CpuidAnswer cpuid_if_there(uint32_t leaf, uint32_t subleaf) {
  constexpr uint32_t kExtended = 0x8000'0000;
  return leaf <= cpuid(leaf & kExtended, 0).eax ? cpuid(leaf, subleaf) : CpuidAnswer{};
}

size_t kept_cpuid(std::span<KeptCpuid, kMostKeptCpuid> to) {
  size_t count = 0;
  for (const Kept& place : g_kept) {
    const uint64_t key = place.key.load(std::memory_order_acquire);
    if (key == 0 || key == kTaken) continue;
    to[count++] = {static_cast<uint32_t>(key >> 32), static_cast<uint32_t>(key) >> 1, place.answer};
  }
  return count;
}

void keep_cpuid(const KeptCpuid& kept) {
  if (kept.subleaf >= kSubleaves / 2 || is_of_one_processor(kept.leaf)) return;
  const uint64_t key = key_of(kept.leaf, kept.subleaf);
  for (size_t i = 0; i < kPlaces; ++i) {
    Kept& place = g_kept[(place_of(key) + i) % kPlaces];
    const uint64_t found = place.key.load(std::memory_order_relaxed);
    if (found == key) return;
    if (found != 0) continue;
    place.answer = kept.answer;
    // Release: pairs with cpuid().
    place.key.store(key, std::memory_order_release);
    return;
  }
}

}  // namespace weft::x86

// Where things lie in the address space: the window for the program, the shadow map, the code
// cache.
#pragma once

#include <cstdint>

#include "base/address.h"

namespace weft::linux {

inline constexpr uint64_t kGiB = uint64_t{1} << 30;
inline constexpr uint64_t kTiB = uint64_t{1} << 40;

/// The window: every mapping whose place the program leaves open lies in it.
/// So low that little lies below, and so is its shadow: the gap above that takes mappings of 64 TB.
inline constexpr uint64_t kWindowBase = 2 * kTiB;
inline constexpr uint64_t kWindowSize = 4 * kTiB;
inline constexpr AppRange kWindow{{kWindowBase}, {kWindowBase + kWindowSize}};

/// Where AddressSpace::choose() puts things, by kind.
struct Zones {
  AppRange near;        ///< modules and executable memory, all within 2 GB of the code cache
  uint64_t code_cache;  ///< start of its place, which lies in the near zone
  AppRange heap;  ///< grows upward: the program break of programs that are loaded in the near zone
  AppRange far;   ///< everything else (anonymous data, thread stacks), from the top down
};

constexpr Zones zones_from(uint64_t base, uint64_t far_start, uint64_t far_end) {
  return {{{base + 0x10000}, {base + 2 * kGiB}},
          base + kGiB + kGiB / 4,
          {{base + 8 * kGiB}, {far_start}},
          {{far_start}, {far_end}}};
}

inline constexpr uint64_t kCodeCacheLimit = kGiB / 2;
inline constexpr Zones kWindowZones =
    zones_from(kWindowBase, kWindowBase + kTiB, kWindowBase + kWindowSize);
/// For programs built with a sanitizer, whose own shadow takes most of the address space: a range
/// that each of the sanitizers leaves to modules, below that of our own libraries.
inline constexpr Zones kSanitizerZones =
    zones_from(0x7e90'0000'0000, 0x7ea0'0000'0000, 0x7ee0'0000'0000);

/// The shadow word of program address t is at 8 * t + kShadowDisplacement.
inline constexpr uint32_t kShadowDisplacement = 0x7ff00000;
constexpr uint64_t shadow_address(uint64_t pc) { return 8 * pc + kShadowDisplacement; }
constexpr AppRange shadow_range(AppRange code) {
  return {{shadow_address(code.start.value)}, {shadow_address(code.end.value)}};
}

/// What has the same place in every process, beyond the words of the near zone, and some way off,
/// so that neither runs into the other. Side by side, so that it shares page tables, which each
/// fork copies.
inline constexpr uint64_t kCommonPlaces =
    (shadow_range(kWindowZones.near).end.value / kGiB + 2) * kGiB;
/// See linux/memory/foreign_port.h.
inline constexpr AppRange kForeignPort{{kCommonPlaces}, {kCommonPlaces + (uint64_t{1} << 20)}};
/// The records of a cache with images.
inline constexpr AppRange kRecords{kForeignPort.end, {kCommonPlaces + kGiB}};

inline constexpr uint64_t kUserEnd = 0x7fff'ffff'f000;

/// Where to reserve `size` bytes of code memory: near the window's modules, or, for a static
/// program at a fixed address, within 2 GB of it. 0 if no such place is free: anywhere will do.
uint64_t place_code_cache(AppRange executable, bool dynamic, uint64_t size,
                          const Zones& zones = kWindowZones);

}  // namespace weft::linux

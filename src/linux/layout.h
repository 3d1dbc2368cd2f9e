// Where things lie in the address space: the window for the program, the shadow map, the code
// cache. Constants, and the reservation made once at start, before any program thread; any thread
// may read.
#pragma once

#include <cstdint>

#include "base/address.h"
#include "base/result.h"

namespace weft::linux {

inline constexpr uint64_t kGiB = uint64_t{1} << 30;
inline constexpr uint64_t kTiB = uint64_t{1} << 40;

/// The window: every mapping whose place the program leaves open lies in it.
inline constexpr uint64_t kWindowBase = 4 * kTiB;
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

inline constexpr uint64_t kUserEnd = 0x7fff'ffff'f000;

class Layout {
 public:
  /// Reserves the window's shadow. On failure (an address space limit, the range in use) the reason
  /// is returned and the process can only run with the hashed table.
  Status reserve_window_shadow();

  /// Reserves the shadow of code outside the window (a module at a fixed address). `code` is
  /// widened to what whole shadow pages cover. False if its place is taken: that code has no
  /// shadow.
  bool reserve_module_shadow(AppRange code);

  /// Gives the window's shadow back, for a program that needs the range itself.
  void release_window_shadow();

  bool window_has_shadow() const { return window_reserved_; }
  /// Whether `pc` has a shadow word.
  SIGNAL_SAFE bool has_shadow(AppPc pc) const;
  /// Whether `address` is in memory reserved for shadow words.
  SIGNAL_SAFE bool is_shadow(uint64_t address) const;

  /// Where to reserve `size` bytes of code memory: near the window's modules, or, for a static
  /// program at a fixed address, within 2 GB of it. 0 if no such place is free: anywhere will do.
  static uint64_t place_code_cache(AppRange executable, bool dynamic, uint64_t size,
                                   const Zones& zones = kWindowZones);

 private:
  static constexpr int kMaxModules = 8;

  bool window_reserved_ = false;
  int module_count_ = 0;
  AppRange modules_[kMaxModules] = {};
};

}  // namespace weft::linux

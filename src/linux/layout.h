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

/// Modules and executable memory, all within 2 GB of the code cache, which lies among them.
inline constexpr AppRange kNearZone{{kWindowBase + 0x10000}, {kWindowBase + 2 * kGiB}};
inline constexpr uint64_t kCodeCacheBase = kWindowBase + kGiB + kGiB / 4;
inline constexpr uint64_t kCodeCacheLimit = kGiB / 2;
/// Grows upward from its start: the program break of programs that are loaded in the window.
inline constexpr AppRange kHeapZone{{kWindowBase + 8 * kGiB}, {kWindowBase + kTiB}};
/// Everything else (anonymous data, thread stacks), placed from the top down.
inline constexpr AppRange kFarZone{{kWindowBase + kTiB}, {kWindowBase + kWindowSize}};

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
  static uint64_t place_code_cache(AppRange executable, bool dynamic, uint64_t size);

 private:
  static constexpr int kMaxModules = 8;

  bool window_reserved_ = false;
  int module_count_ = 0;
  AppRange modules_[kMaxModules] = {};
};

}  // namespace weft::linux

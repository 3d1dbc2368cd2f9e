#include "linux/layout.h"

#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "linux/raw_syscall.h"

namespace weft::linux {
namespace {

/// Reserves without ever replacing; old kernels treat the address as a hint, so the answer is
/// checked.
int64_t reserve(AppRange range) {
  const int64_t got =
      raw_syscall(__NR_mmap, range.start.value, range.size(), PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE,
                  static_cast<uint64_t>(-1), 0);
  if (failed(got)) return got;
  if (static_cast<uint64_t>(got) != range.start.value) {
    raw_syscall(__NR_munmap, static_cast<uint64_t>(got), range.size());
    return -EEXIST;
  }
  // Best effort: a core dump without it is only larger.
  raw_syscall(__NR_madvise, range.start.value, range.size(), MADV_DONTDUMP);
  // A huge page would serve 256 KB of code at the price of 2 MB of memory.
  raw_syscall(__NR_madvise, range.start.value, range.size(), MADV_NOHUGEPAGE);
  return 0;
}

bool is_unused(AppRange range) {
  const int64_t got = raw_syscall(__NR_mmap, range.start.value, range.size(), PROT_NONE,
                                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE,
                                  static_cast<uint64_t>(-1), 0);
  if (failed(got)) return false;
  raw_syscall(__NR_munmap, static_cast<uint64_t>(got), range.size());
  return static_cast<uint64_t>(got) == range.start.value;
}

/// The code that whole pages of shadow words serve.
AppRange widen(AppRange code) {
  constexpr uint64_t kServed = kPageSize / 8;
  static_assert(kShadowDisplacement % kPageSize == 0);
  return {{code.start.value & ~(kServed - 1)}, {(code.end.value + kServed - 1) & ~(kServed - 1)}};
}

}  // namespace

Status Layout::reserve_window_shadow() {
  CHECK(!window_reserved_);
  const int64_t answer = reserve(shadow_range(kWindow));
  if (failed(answer)) {
    return Error{std::string("no address space for the shadow map: ") +
                     std::strerror(static_cast<int>(-answer)),
                 static_cast<int>(-answer)};
  }
  window_reserved_ = true;
  return Unit{};
}

void Layout::release_window_shadow() {
  if (!window_reserved_) return;
  const AppRange shadow = shadow_range(kWindow);
  raw_syscall(__NR_munmap, shadow.start.value, shadow.size());
  window_reserved_ = false;
}

bool Layout::reserve_module_shadow(AppRange code) {
  AppRange widened = widen(code);
  if (widened.start >= kWindow.start && widened.end <= kWindow.end) return window_reserved_;
  if (window_reserved_) {
    // A part in the window has its shadow already.
    if (kWindow.contains(widened.end)) widened.end = kWindow.start;
    if (kWindow.contains(widened.start)) widened.start = kWindow.end;
  }
  if (module_count_ == kMaxModules) return false;
  // Beyond this, 8 * t no longer is an address of user memory.
  if (widened.end.value > (kUserEnd - kShadowDisplacement) / 8) return false;
  if (failed(reserve(shadow_range(widened)))) return false;
  modules_[module_count_++] = widened;
  return true;
}

bool Layout::has_shadow(AppPc pc) const {
  if (window_reserved_ && kWindow.contains(pc)) return true;
  return std::any_of(modules_, modules_ + module_count_,
                     [pc](const AppRange& module) { return module.contains(pc); });
}

bool Layout::is_shadow(uint64_t address) const {
  if (window_reserved_ && shadow_range(kWindow).contains({address})) return true;
  return std::any_of(modules_, modules_ + module_count_, [address](const AppRange& module) {
    return shadow_range(module).contains({address});
  });
}

uint64_t Layout::place_code_cache(AppRange executable, bool dynamic, uint64_t size,
                                  const Zones& zones) {
  size = page_up(size);
  const bool low = executable.end.value < 2 * kGiB;
  if (dynamic || !low) {
    const AppRange place{{zones.code_cache}, {zones.code_cache + size}};
    return size <= kCodeCacheLimit && is_unused(place) ? place.start.value : 0;
  }
  // The break of a program at a low fixed address grows from its end: stay well clear of it.
  constexpr uint64_t kStep = 64ull << 20;
  for (uint64_t end = 0x7000'0000; end > executable.end.value + size + kStep; end -= kStep) {
    const AppRange place{{end - size}, {end}};
    if (is_unused(place)) return place.start.value;
  }
  return 0;
}

}  // namespace weft::linux

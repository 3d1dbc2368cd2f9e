// Addresses have types, so that a program address and a code-cache address never meet unnoticed.
// Values only: no ownership, any thread, signal-safe.
#pragma once

#include <algorithm>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>

namespace weft {

/// An address in the program's code or data, as the program sees it.
struct AppPc {
  uint64_t value = 0;
  constexpr auto operator<=>(const AppPc&) const = default;
  constexpr AppPc operator+(uint64_t delta) const { return {value + delta}; }
  constexpr uint64_t operator-(AppPc other) const { return value - other.value; }
  /// The bytes there. The program's memory is mapped in this process, but may be unmapped at any
  /// time.
  const uint8_t* bytes() const { return reinterpret_cast<const uint8_t*>(value); }
};

/// An address inside the code cache.
struct CachePc {
  uint64_t value = 0;
  constexpr auto operator<=>(const CachePc&) const = default;
  constexpr CachePc operator+(uint64_t delta) const { return {value + delta}; }
  constexpr uint64_t operator-(CachePc other) const { return value - other.value; }
  uint8_t* bytes() const { return reinterpret_cast<uint8_t*>(value); }
};

/// A half-open range [start, end) of program addresses.
struct AppRange {
  AppPc start;
  AppPc end;
  constexpr auto operator<=>(const AppRange&) const = default;
  constexpr uint64_t size() const { return end - start; }
  constexpr bool empty() const { return end <= start; }
  constexpr bool contains(AppPc pc) const { return start <= pc && pc < end; }
  constexpr bool overlaps(const AppRange& other) const {
    return start < other.end && other.start < end;
  }
  /// The part that both have; empty if they do not overlap.
  constexpr AppRange intersection(const AppRange& other) const {
    return {std::max(start, other.start), std::min(end, other.end)};
  }
};

inline constexpr uint64_t kPageSize = 4096;
constexpr uint64_t page_down(uint64_t address) { return address & ~(kPageSize - 1); }
constexpr uint64_t page_up(uint64_t address) {
  return (address + kPageSize - 1) & ~(kPageSize - 1);
}

}  // namespace weft

template <>
struct std::hash<weft::AppPc> {
  size_t operator()(weft::AppPc pc) const noexcept { return std::hash<uint64_t>{}(pc.value); }
};

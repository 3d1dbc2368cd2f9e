// How large a cache is: given by the user, or this machine's. Values; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace weft::tools {

struct CacheGeometry {
  uint64_t size = 0;  ///< bytes
  uint32_t ways = 0;
  uint64_t line = 0;  ///< bytes

  uint64_t sets() const { return size / line / ways; }
  /// As cachegrind describes it.
  std::string text() const;
};

enum class CacheLevel : uint8_t { kInstructions, kData, kLast };

/// "SIZE,WAYS,LINE", as "32k,8,64". Nothing: it is no cache of a power of two sets and bytes in a
/// line.
std::optional<CacheGeometry> parse_geometry(std::string_view text);
/// The one of this machine, or where that is not known, or has another number of sets, cachegrind's
/// default.
CacheGeometry own_geometry(CacheLevel level);

}  // namespace weft::tools

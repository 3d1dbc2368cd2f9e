#include "cachesim/geometry.h"

#include <fmt/format.h>
#include <unistd.h>

#include <bit>
#include <charconv>

namespace weft::tools {
namespace {

bool is_possible(const CacheGeometry& cache) {
  constexpr uint64_t kLeastLine = 16;
  constexpr uint64_t kLargest = uint64_t{1} << 32;
  if (cache.ways == 0 || cache.line < kLeastLine || !std::has_single_bit(cache.line)) return false;
  if (cache.size > kLargest || cache.size % (cache.line * cache.ways) != 0) return false;
  return std::has_single_bit(cache.sets());
}

/// The number at the start of `text`, which it is taken from, with the comma behind it.
std::optional<uint64_t> take_number(std::string_view& text) {
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return std::nullopt;
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  if (text.starts_with('k') || text.starts_with('M')) {
    number <<= text[0] == 'k' ? 10 : 20;
    text.remove_prefix(1);
  }
  if (text.empty()) return number;
  if (text[0] != ',') return std::nullopt;
  text.remove_prefix(1);
  return number;
}

std::optional<CacheGeometry> asked(int size, int ways, int line) {
  const long bytes = sysconf(size);
  const long number = sysconf(ways);
  const long line_bytes = sysconf(line);
  if (bytes <= 0 || number <= 0 || line_bytes <= 0) return std::nullopt;
  const CacheGeometry cache{static_cast<uint64_t>(bytes), static_cast<uint32_t>(number),
                            static_cast<uint64_t>(line_bytes)};
  return is_possible(cache) ? std::optional(cache) : std::nullopt;
}

}  // namespace

std::string CacheGeometry::text() const {
  return fmt::format("{} B, {} B, {}", size, line,
                     ways == 1 ? "direct-mapped" : fmt::format("{}-way associative", ways));
}

std::optional<CacheGeometry> parse_geometry(std::string_view text) {
  const std::optional<uint64_t> size = take_number(text);
  const std::optional<uint64_t> ways = size ? take_number(text) : std::nullopt;
  const std::optional<uint64_t> line = ways ? take_number(text) : std::nullopt;
  constexpr uint64_t kMostWays = 1024;
  if (!line || !text.empty() || *ways > kMostWays) return std::nullopt;
  const CacheGeometry cache{*size, static_cast<uint32_t>(*ways), *line};
  return is_possible(cache) ? std::optional(cache) : std::nullopt;
}

CacheGeometry own_geometry(CacheLevel level) {
  constexpr CacheGeometry kFirst{64 << 10, 2, 64};
  constexpr CacheGeometry kLast{256 << 10, 8, 64};
  switch (level) {
    case CacheLevel::kInstructions:
      return asked(_SC_LEVEL1_ICACHE_SIZE, _SC_LEVEL1_ICACHE_ASSOC, _SC_LEVEL1_ICACHE_LINESIZE)
          .value_or(kFirst);
    case CacheLevel::kData:
      return asked(_SC_LEVEL1_DCACHE_SIZE, _SC_LEVEL1_DCACHE_ASSOC, _SC_LEVEL1_DCACHE_LINESIZE)
          .value_or(kFirst);
    case CacheLevel::kLast:
      break;
  }
  auto third = asked(_SC_LEVEL3_CACHE_SIZE, _SC_LEVEL3_CACHE_ASSOC, _SC_LEVEL3_CACHE_LINESIZE);
  if (!third)
    third = asked(_SC_LEVEL2_CACHE_SIZE, _SC_LEVEL2_CACHE_ASSOC, _SC_LEVEL2_CACHE_LINESIZE);
  return third.value_or(kLast);
}

}  // namespace weft::tools

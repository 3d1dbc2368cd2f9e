#include "ext/drcovlib/rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <iterator>
#include <optional>

namespace weft::dynamorio::drcovlib {
namespace {

constexpr std::string_view kHead = "Module Table: version 5, count ";
constexpr std::string_view kColumns =
    "Columns: id, containing_id, start, end, entry, offset, preferred_base, path\n";
constexpr int kHexadecimal = 16;
constexpr int kDecimal = 10;

std::optional<uint64_t> take_number(std::string_view& text, int base) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  if (text.starts_with("0x")) text.remove_prefix(2);
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc()) return std::nullopt;
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  if (text.starts_with(',')) text.remove_prefix(1);
  return value;
}

/// The numbers of a row; leaves what stands behind them.
bool take_numbers(std::string_view& line, size_t index, Row& row) {
  const auto id = take_number(line, kDecimal);
  const auto containing = take_number(line, kDecimal);
  if (!id || *id != index || !containing) return false;
  row.containing = static_cast<uint>(*containing);
  for (uint64_t* field : {&row.start, &row.end, &row.entry, &row.offset, &row.preferred_base}) {
    const auto value = take_number(line, kHexadecimal);
    if (!value) return false;
    *field = *value;
  }
  if (line.starts_with(' ')) line.remove_prefix(1);
  return true;
}

}  // namespace

void set_path(Row& row, std::string_view path) {
  const size_t size = std::min(path.size(), row.path.size() - 1);
  std::copy_n(path.begin(), size, row.path.begin());
  row.path[size] = 0;
}

std::string text_of(const Rows& rows, const Custom& custom) {
  std::string text = fmt::format("{}{}\n{}", kHead, rows.size(), kColumns);
  auto out = std::back_inserter(text);
  for (size_t i = 0; i < rows.size(); ++i) {
    const Row& row = rows[i];
    fmt::format_to(out, "{:3}, {:3}, {:#018x}, {:#018x}, {:#018x}, {:016x}, {:#018x}, ", i,
                   row.containing, row.start, row.end, row.entry, row.offset, row.preferred_base);
    std::array<char, MAXIMUM_PATH> more{};
    if (custom.print != nullptr && custom.print(row.custom, more.data(), more.size()) > 0) {
      text += more.data();
    }
    fmt::format_to(out, " {}\n", row.path.data());
  }
  return text;
}

const char* parse(const char* text, const Custom& custom, Rows& rows) {
  std::string_view rest = text;
  if (!rest.starts_with(kHead)) return nullptr;
  rest.remove_prefix(kHead.size());
  const auto count = take_number(rest, kDecimal);
  if (!count || !rest.starts_with('\n') || !rest.substr(1).starts_with(kColumns)) return nullptr;
  rest.remove_prefix(1 + kColumns.size());
  for (size_t i = 0; i < *count; ++i) {
    Row& row = rows.emplace_back();
    if (!take_numbers(rest, i, row)) return nullptr;
    if (custom.parse != nullptr) {
      const char* const behind = custom.parse(rest.data(), &row.custom);
      if (behind == nullptr) return nullptr;
      rest = behind;
    }
    while (rest.starts_with(' ')) rest.remove_prefix(1);
    const size_t end = rest.find('\n');
    if (end == std::string_view::npos) return nullptr;
    set_path(row, rest.substr(0, end));
    rest.remove_prefix(end + 1);
  }
  return rest.data();
}

void free_custom(Rows& rows, const Custom& custom) {
  for (Row& row : rows) {
    if (custom.free != nullptr && row.custom != nullptr) custom.free(row.custom);
    row.custom = nullptr;
  }
}

}  // namespace weft::dynamorio::drcovlib

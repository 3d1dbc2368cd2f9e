#include "trace/show.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>

namespace weft::tools::trace {
namespace {

constexpr int kBarWidth = 52;

std::string in_units(uint64_t number) {
  constexpr const char* kUnits[] = {"", "K", "M", "G", "T", "P", "E"};
  size_t unit = 0;
  while (number >= 1024 && number % 1024 == 0 && unit + 1 < std::size(kUnits))
    number /= 1024, ++unit;
  return fmt::format("{}{}", number, kUnits[unit]);
}

std::string power_label(int64_t lower) {
  if (lower < 0) return "(..., 0)";
  if (lower <= 1) return fmt::format("[{}]", lower);
  const auto first = static_cast<uint64_t>(lower);
  return fmt::format("[{}, {})", in_units(first), in_units(2 * first));
}

std::string step_label(const Cell& cell, int64_t lower) {
  if (lower < cell.from) return fmt::format("(..., {})", cell.from);
  if (lower >= cell.to) return fmt::format("[{}, ...)", cell.to);
  return fmt::format("[{}, {})", lower, std::min(lower + cell.step, cell.to));
}

int64_t next_power(int64_t lower) { return lower <= 0 ? lower + 1 : lower * 2; }

std::string bar_line(const std::string& label, uint64_t count, uint64_t most) {
  const auto width = static_cast<int>(most == 0 ? 0 : count * kBarWidth / most);
  return fmt::format("{:<20} {:>8} |{:@<{}}{:<{}}|\n", label, count, "", width, "",
                     kBarWidth - width);
}

uint64_t largest(const Cell& cell) {
  uint64_t most = 0;
  for (const auto& [lower, count] : cell.buckets) most = std::max(most, count);
  return most;
}

std::string histogram(const Cell& cell) {
  std::string text;
  if (cell.buckets.empty()) return text;
  const uint64_t most = largest(cell);
  const int64_t last = cell.buckets.rbegin()->first;
  if (cell.kind == Call::kLhist) {
    for (const auto& [lower, count] : cell.buckets) {
      text += bar_line(step_label(cell, lower), count, most);
    }
    return text;
  }
  for (int64_t lower = cell.buckets.begin()->first; lower <= last; lower = next_power(lower)) {
    const auto found = cell.buckets.find(lower);
    text += bar_line(power_label(lower), found == cell.buckets.end() ? 0 : found->second, most);
    if (lower == last) break;
  }
  return text;
}

bool is_histogram(const Cell& cell) {
  return cell.kind == Call::kHist || cell.kind == Call::kLhist;
}

int64_t average(const Cell& cell) { return cell.count == 0 ? 0 : cell.sum / cell.count; }

/// What maps are sorted by.
int64_t weight(const Cell& cell) {
  switch (cell.kind) {
    case Call::kStr:
      return cell.value.number;
    case Call::kSum:
      return cell.sum;
    case Call::kMin:
      return cell.least;
    case Call::kMax:
      return cell.most;
    case Call::kAvg:
      return average(cell);
    default:
      return cell.count;
  }
}

std::string shown(const Cell& cell) {
  if (cell.kind == Call::kStr) return cell.value.shown();
  if (cell.kind == Call::kStats) {
    return fmt::format("count {}, average {}, total {}", cell.count, average(cell), cell.sum);
  }
  return std::to_string(weight(cell));
}

nlohmann::json json_of(const Cell& cell) {
  if (is_histogram(cell)) {
    nlohmann::json buckets = nlohmann::json::array();
    for (const auto& [lower, count] : cell.buckets)
      buckets.push_back({{"min", lower}, {"count", count}});
    return buckets;
  }
  if (cell.kind == Call::kStr && cell.value.is_text) return cell.value.text;
  if (cell.kind == Call::kStats) {
    return {{"count", cell.count}, {"average", average(cell)}, {"total", cell.sum}};
  }
  return weight(cell);
}

std::string key_text(const Key& key, const char* separator) {
  std::string text;
  for (const Value& each : key) text += (text.empty() ? "" : separator) + each.shown();
  return text;
}

std::string json_map(const std::string& name, const std::map<Key, Cell>& cells) {
  const bool keyless = cells.size() == 1 && cells.begin()->first.empty();
  nlohmann::json data;
  for (const auto& [key, cell] : cells) data[key_text(key, ",")] = json_of(cell);
  const bool histograms = is_histogram(cells.begin()->second);
  return nlohmann::json{{"type", histograms ? "hist" : "map"},
                        {"data", {{"@" + name, keyless ? data.begin().value() : data}}}}
             .dump() +
         "\n";
}

std::string show_number(const std::string& flags, char letter, const Value& value) {
  if (value.is_text) return value.text;
  const std::string format = flags + "ll" + letter;
  char text[64];
  const int size =
      std::snprintf(text, sizeof text, format.c_str(), static_cast<long long>(value.number));
  return {text, static_cast<size_t>(std::clamp(size, 0, static_cast<int>(sizeof text) - 1))};
}

}  // namespace

std::string show_map(const std::string& name, const std::map<Key, Cell>& cells, size_t most,
                     bool json) {
  if (cells.empty()) return "";
  if (json) return json_map(name, cells);
  std::vector<std::pair<const Key*, const Cell*>> sorted;
  sorted.reserve(cells.size());
  for (const auto& [key, cell] : cells) sorted.emplace_back(&key, &cell);
  std::stable_sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) {
    return weight(*a.second) < weight(*b.second);
  });
  if (most != 0 && sorted.size() > most)
    sorted.erase(sorted.begin(), sorted.end() - static_cast<ptrdiff_t>(most));
  std::string text;
  for (const auto& [key, cell] : sorted) {
    text += "@" + name;
    if (!key->empty()) text += "[" + key_text(*key, ", ") + "]";
    text += is_histogram(*cell) ? ":\n" + histogram(*cell) + "\n" : ": " + shown(*cell) + "\n";
  }
  return text;
}

std::string show_line(const std::string& kind, const std::string& text, bool json) {
  if (!json) return text;
  return nlohmann::json{{"type", kind}, {"data", text}}.dump() + "\n";
}

std::string format_values(const std::string& format, const std::vector<Value>& values) {
  std::string text;
  size_t next = 0;
  for (size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%') {
      text += format[i];
      continue;
    }
    size_t end = i + 1;
    while (end < format.size() &&
           std::string_view("-+ #0123456789.").find(format[end]) != std::string_view::npos)
      ++end;
    size_t letter = end;
    while (letter < format.size() && (format[letter] == 'l' || format[letter] == 'h')) ++letter;
    if (letter == format.size()) return text + format.substr(i);
    if (format[letter] == '%') {
      text += '%';
    } else if (next == values.size()) {
      text += format.substr(i, letter + 1 - i);
    } else if (format[letter] == 's') {
      const int width = std::atoi(format.substr(i + 1, end - i - 1).c_str());
      const std::string value = values[next++].shown();
      text +=
          width < 0 ? fmt::format("{:<{}}", value, -width) : fmt::format("{:>{}}", value, width);
    } else if (std::string_view("dixXuoc").find(format[letter]) != std::string_view::npos) {
      text += show_number(format.substr(i, end - i), format[letter], values[next++]);
    } else if (format[letter] == 'p') {
      text += fmt::format("{:#x}", static_cast<uint64_t>(values[next++].number));
    } else {
      text += format.substr(i, letter + 1 - i);
    }
    i = letter;
  }
  return text;
}

}  // namespace weft::tools::trace

#include "tool/option_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <optional>

namespace weft::tool {
namespace {

std::optional<uint64_t> parse_number(std::string_view text) {
  uint64_t unit = 1;
  if (!text.empty()) {
    constexpr uint64_t kKilo = 1024;
    const char last = text.back();
    if (last == 'k' || last == 'K') unit = kKilo;
    if (last == 'M') unit = kKilo * kKilo;
    if (last == 'G') unit = kKilo * kKilo * kKilo;
    if (unit != 1) text.remove_suffix(1);
  }
  int base = 10;
  if (text.starts_with("0x")) {
    base = 16;
    text.remove_prefix(2);
  }
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (value > UINT64_MAX / unit) return std::nullopt;
  return value * unit;
}

/// Takes the text up to the next single comma off `rest`; a double one is a comma.
std::string take_item(std::string_view& rest) {
  std::string item;
  while (!rest.empty()) {
    const char c = rest.front();
    rest.remove_prefix(1);
    if (c != ',') {
      item += c;
    } else if (rest.starts_with(',')) {
      rest.remove_prefix(1);
      item += c;
    } else {
      break;
    }
  }
  return item;
}

}  // namespace

void OptionTable::add(std::string_view name, Type type, std::string value, std::string_view help) {
  entries_.push_back({std::string(name), type, std::move(value), std::string(help), 0, false});
}

void OptionTable::add_text(std::string_view name, std::string_view default_value,
                           std::string_view help) {
  add(name, Type::kText, std::string(default_value), help);
}

void OptionTable::add_number(std::string_view name, uint64_t default_value, std::string_view help) {
  add(name, Type::kNumber, std::to_string(default_value), help);
  entries_.back().number = default_value;
}

void OptionTable::add_flag(std::string_view name, bool default_value, std::string_view help) {
  add(name, Type::kFlag, default_value ? "on" : "off", help);
  entries_.back().number = default_value ? 1 : 0;
}

Status OptionTable::parse(std::string_view text) {
  while (!text.empty()) {
    const std::string item = take_item(text);
    const size_t equals = item.find('=');
    const bool has_value = equals != std::string::npos;
    const std::string_view value =
        has_value ? std::string_view(item).substr(equals + 1) : std::string_view();
    if (Status done = set(std::string_view(item).substr(0, equals), has_value, value); !done) {
      return done;
    }
  }
  return Unit{};
}

Status OptionTable::set(std::string_view name, bool has_value, std::string_view value) {
  const auto found = std::find_if(entries_.begin(), entries_.end(),
                                  [&](const Entry& each) { return each.name == name; });
  if (found == entries_.end()) {
    return Error{fmt::format(
        "tool '{0}' has no option '{1}'; 'weft run --tool {0} --help' lists them", tool_, name)};
  }
  const auto wrong = [&](const char* wanted) {
    return Error{
        fmt::format("tool '{}': option '{}' takes {}, not '{}'", tool_, name, wanted, value)};
  };
  found->given = true;
  switch (found->type) {
    case Type::kText:
      if (!has_value) return wrong("a value");
      break;
    case Type::kNumber: {
      const std::optional<uint64_t> number = parse_number(value);
      if (!number) return wrong("a number");
      found->number = *number;
      break;
    }
    case Type::kFlag:
      if (has_value && value != "on" && value != "off") return wrong("on or off");
      found->number = !has_value || value == "on" ? 1 : 0;
      break;
  }
  found->value = value;
  return Unit{};
}

std::string OptionTable::help() const {
  std::string text;
  const auto out = std::back_inserter(text);
  for (const Entry& each : entries_) {
    const char* kind = each.type == Type::kFlag ? "=on|off" : "=...";
    fmt::format_to(out, "  {:<24} {}", each.name + kind, each.help);
    if (!each.value.empty()) fmt::format_to(out, " (default {})", each.value);
    text += '\n';
  }
  return text;
}

const OptionTable::Entry& OptionTable::entry(std::string_view name) const {
  for (const Entry& each : entries_) {
    if (each.name == name) return each;
  }
  std::fprintf(stderr, "weft: tool '%s' asks for an option '%.*s' that it did not declare\n",
               tool_.c_str(), static_cast<int>(name.size()), name.data());
  std::_Exit(2);
}

const OptionTable::Entry& OptionTable::entry(std::string_view name, Type type) const {
  const Entry& found = entry(name);
  if (found.type == type) return found;
  std::fprintf(stderr, "weft: tool '%s' asks for option '%s' by another type than declared\n",
               tool_.c_str(), found.name.c_str());
  std::_Exit(2);
}

std::string OptionTable::text(std::string_view name) const {
  return entry(name, Type::kText).value;
}
uint64_t OptionTable::number(std::string_view name) const {
  return entry(name, Type::kNumber).number;
}
bool OptionTable::flag(std::string_view name) const { return entry(name, Type::kFlag).number != 0; }
bool OptionTable::given(std::string_view name) const { return entry(name).given; }

}  // namespace weft::tool

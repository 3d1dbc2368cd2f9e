#include "linux/sys_proc_maps.h"

#include <fmt/format.h>
#include <sys/mman.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <vector>

namespace weft::linux {
namespace {

/// One line of maps, and for smaps the lines that follow it.
struct Area {
  uint64_t start = 0;
  uint64_t end = 0;
  std::string perms;  ///< "rw-p"
  uint64_t offset = 0;
  std::string device_and_inode;  ///< "fe:00 1234", as printed
  bool has_file = false;
  std::string name;
  std::string_view details;
};

std::string_view next_field(std::string_view& line) {
  const size_t length = std::min(line.find(' '), line.size());
  const std::string_view field = line.substr(0, length);
  line.remove_prefix(std::min(length + 1, line.size()));
  return field;
}

std::optional<uint64_t> hex(std::string_view text) {
  uint64_t value = 0;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, value, 16);
  if (parsed.ec != std::errc{} || parsed.ptr != end) return std::nullopt;
  return value;
}

/// An area's first line; nullopt for a line of detail ("Rss: 4 kB").
std::optional<Area> parse_area(std::string_view line) {
  const std::string_view range = next_field(line);
  const size_t dash = range.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto start = hex(range.substr(0, dash));
  const auto end = hex(range.substr(dash + 1));
  if (!start || !end) return std::nullopt;
  Area area;
  area.start = *start;
  area.end = *end;
  area.perms = next_field(line);
  area.offset = hex(next_field(line)).value_or(0);
  const std::string_view device = next_field(line);
  const std::string_view inode = next_field(line);
  area.device_and_inode = fmt::format("{} {}", device, inode);
  area.has_file = inode != "0";
  line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
  area.name = line;
  return area;
}

std::vector<Area> parse_areas(std::string_view text) {
  std::vector<Area> areas;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    const size_t with_newline = std::min(end + 1, text.size());
    if (auto area = parse_area(line)) {
      area->details = {text.data() + with_newline, 0};
      areas.push_back(std::move(*area));
    } else if (!areas.empty()) {
      std::string_view& details = areas.back().details;
      details = {details.data(), details.size() + with_newline};
    }
    text.remove_prefix(with_newline);
  }
  return areas;
}

std::string_view label_name(Label label) {
  switch (label) {
    case Label::kHeap:
      return "[heap]";
    case Label::kStack:
      return "[stack]";
    case Label::kVdso:
      return "[vdso]";
    case Label::kVvar:
      return "[vvar]";
    case Label::kNone:
      break;
  }
  return "";
}

/// The part of `area` that `mapping` covers.
Area clip(const Area& area, const Mapping& mapping) {
  Area part = area;
  part.start = std::max(area.start, mapping.range.start.value);
  part.end = std::min(area.end, mapping.range.end.value);
  if (area.has_file) part.offset += part.start - area.start;
  part.perms[0] = (mapping.prot & PROT_READ) != 0 ? 'r' : '-';
  part.perms[1] = (mapping.prot & PROT_WRITE) != 0 ? 'w' : '-';
  part.perms[2] = (mapping.prot & PROT_EXEC) != 0 ? 'x' : '-';
  if (part.name.empty() && !area.has_file) part.name = label_name(mapping.label);
  return part;
}

bool continues(const Area& before, const Area& after) {
  return before.end == after.start && before.perms == after.perms && before.name == after.name &&
         before.device_and_inode == after.device_and_inode &&
         (!after.has_file || before.offset + (before.end - before.start) == after.offset);
}

void append(std::vector<Area>& areas, Area area) {
  // The runtime's own protections split areas that natively are one. (Those of smaps stay split:
  // their numbers cannot be added up here.)
  if (!areas.empty() && area.details.empty() && continues(areas.back(), area)) {
    areas.back().end = area.end;
  } else {
    areas.push_back(std::move(area));
  }
}

std::string render(const std::vector<Area>& areas) {
  constexpr size_t kNameColumn = 73;
  std::string text;
  for (const Area& area : areas) {
    std::string line = fmt::format("{:08x}-{:08x} {} {:08x} {} ", area.start, area.end, area.perms,
                                   area.offset, area.device_and_inode);
    if (!area.name.empty()) {
      if (line.size() < kNameColumn) line.resize(kNameColumn, ' ');
      line += area.name;
    }
    text += line;
    text += '\n';
    text += area.details;
  }
  return text;
}

/// Areas that are the program's whatever the record says: the kernel grows the stack by itself, and
/// the vsyscall page is nobody's mapping.
bool always_shown(const Area& area) { return area.name == "[stack]" || area.name == "[vsyscall]"; }

}  // namespace

std::string filter_maps(std::string_view kernel_text, std::span<const Mapping> program) {
  std::vector<Area> shown;
  auto first = program.begin();
  for (Area& area : parse_areas(kernel_text)) {
    if (always_shown(area)) {
      append(shown, std::move(area));
      continue;
    }
    while (first != program.end() && first->range.end.value <= area.start) ++first;
    for (auto mapping = first; mapping != program.end() && mapping->range.start.value < area.end;
         ++mapping) {
      append(shown, clip(area, *mapping));
    }
  }
  return render(shown);
}

}  // namespace weft::linux

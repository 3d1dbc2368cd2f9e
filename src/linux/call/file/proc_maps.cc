#include "linux/call/file/proc_maps.h"

#include <fmt/format.h>
#include <sys/mman.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <vector>

namespace weft::linux {
namespace {

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

/// Whether `line` begins an area; otherwise it is one of detail ("Rss: 4 kB").
bool begins_area(std::string_view line) {
  const std::string_view range = line.substr(0, std::min(line.find(' '), line.size()));
  return range.find('-') != std::string_view::npos;
}

/// Areas that are the program's whatever the record says: the kernel grows the stack by itself, and
/// the vsyscall page is nobody's mapping.
bool always_shown(std::string_view name) { return name == "[stack]" || name == "[vsyscall]"; }

}  // namespace

bool MapsFilter::parse(std::string_view line, Area& area) {
  const std::string_view range = next_field(line);
  const size_t dash = range.find('-');
  if (dash == std::string_view::npos) return false;
  const auto start = hex(range.substr(0, dash));
  const auto end = hex(range.substr(dash + 1));
  if (!start || !end) return false;
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
  return true;
}

MapsFilter::Area MapsFilter::clip(const Area& area, const Mapping& mapping) {
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

bool MapsFilter::Area::continues(const Area& before) const {
  return before.end == start && before.perms == perms && before.name == name &&
         before.device_and_inode == device_and_inode &&
         (!has_file || before.offset + (before.end - before.start) == offset);
}

void MapsFilter::feed(std::string_view kernel_text) {
  rest_ += kernel_text;
  size_t entry = 0;
  // An area ends where the next one begins, of which a whole line is here.
  for (size_t line = 0, end = 0; (end = rest_.find('\n', line)) != std::string::npos;
       line = end + 1) {
    const auto text = std::string_view(rest_);
    if (line == entry || !begins_area(text.substr(line, end - line))) continue;
    take(text.substr(entry, line - entry));
    entry = line;
  }
  rest_.erase(0, entry);
}

void MapsFilter::finish() {
  if (!rest_.empty()) take(rest_);
  rest_.clear();
  put_last();
}

void MapsFilter::take(std::string_view entry) {
  const size_t line = std::min(entry.find('\n'), entry.size());
  Area area;
  if (!parse(entry.substr(0, line), area)) return;
  const std::string_view details = entry.substr(std::min(line + 1, entry.size()));
  if (always_shown(area.name)) return add(area, details);
  while (first_ != program_.size() && program_[first_].range.end.value <= area.start) ++first_;
  for (size_t i = first_; i != program_.size() && program_[i].range.start.value < area.end; ++i) {
    add(clip(area, program_[i]), details);
  }
}

void MapsFilter::add(const Area& area, std::string_view details) {
  // The runtime's own protections split areas that natively are one. (Those of smaps stay split:
  // their numbers cannot be added up here.)
  if (has_last_ && details.empty() && area.continues(last_)) {
    last_.end = area.end;
    return;
  }
  put_last();
  if (details.empty()) {
    last_ = area;
    has_last_ = true;
  } else {
    put(area);
    text_ += details;
  }
}

void MapsFilter::put_last() {
  if (has_last_) put(last_);
  has_last_ = false;
}

void MapsFilter::put(const Area& area) {
  constexpr size_t kNameColumn = 73;
  std::string line = fmt::format("{:08x}-{:08x} {} {:08x} {} ", area.start, area.end, area.perms,
                                 area.offset, area.device_and_inode);
  if (!area.name.empty()) {
    if (line.size() < kNameColumn) line.resize(kNameColumn, ' ');
    line += area.name;
  }
  text_ += line;
  text_ += '\n';
}

}  // namespace weft::linux

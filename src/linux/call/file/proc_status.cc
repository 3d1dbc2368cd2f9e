#include "linux/call/file/proc_status.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/address.h"

namespace weft::linux {
namespace {

/// `text` split at single spaces; the newline stays with the last.
std::vector<std::string> fields(std::string_view text) {
  std::vector<std::string> parts;
  while (true) {
    const size_t space = text.find(' ');
    parts.emplace_back(text.substr(0, space));
    if (space == std::string_view::npos) return parts;
    text.remove_prefix(space + 1);
  }
}

std::string kilobytes(std::string_view name, uint64_t bytes) {
  return fmt::format("{}\t{:8} kB", name, bytes >> 10);
}

std::string signal_set(std::string_view name, uint64_t set) {
  return fmt::format("{}\t{:016x}", name, set);
}

/// The line that takes the place of `line`; empty if it stays.
std::string replacement(std::string_view line, const ProcessView& view) {
  if (line.starts_with("VmPeak:")) return kilobytes("VmPeak:", view.size);
  if (line.starts_with("VmSize:")) return kilobytes("VmSize:", view.size);
  if (line.starts_with("VmData:")) return kilobytes("VmData:", view.data_size);
  if (line.starts_with("SigBlk:")) return signal_set("SigBlk:", view.blocked);
  if (line.starts_with("SigIgn:")) return signal_set("SigIgn:", view.ignored);
  if (line.starts_with("SigCgt:")) return signal_set("SigCgt:", view.caught);
  return {};
}

}  // namespace

std::string adjust_status(std::string_view text, const ProcessView& view) {
  std::string result;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    const std::string changed = replacement(line, view);
    result += changed.empty() ? line : std::string_view(changed);
    result += '\n';
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return result;
}

std::string adjust_stat(std::string_view text, const ProcessView& view) {
  // The name, in parentheses, may hold anything; the third field comes after the last of them.
  const size_t name_end = text.rfind(") ");
  if (name_end == std::string_view::npos) return std::string(text);
  const size_t rest = name_end + 2;
  std::vector<std::string> parts = fields(text.substr(rest));
  // Numbered from 1 in the manual, where the first of these is 3.
  const auto set = [&parts](size_t number, uint64_t value) {
    constexpr size_t kFirst = 3;
    if (number - kFirst < parts.size()) parts[number - kFirst] = std::to_string(value);
  };
  constexpr uint64_t kOldSignals = 0x7fffffff;  // those that fit into a signed word
  set(23, view.size);
  set(32, view.blocked & kOldSignals);
  set(33, view.ignored & kOldSignals);
  set(34, view.caught & kOldSignals);
  return fmt::format("{}{}", text.substr(0, rest), fmt::join(parts, " "));
}

std::string adjust_statm(std::string_view text, const ProcessView& view) {
  std::vector<std::string> parts = fields(text);
  constexpr size_t kSize = 0;
  constexpr size_t kData = 5;
  if (parts.size() <= kData) return std::string(text);
  parts[kSize] = std::to_string(view.size / kPageSize);
  parts[kData] = std::to_string(view.data_size / kPageSize);
  return fmt::format("{}", fmt::join(parts, " "));
}

}  // namespace weft::linux

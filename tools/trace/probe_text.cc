#include "trace/probe_text.h"

#include <fmt/format.h>

#include <cstdlib>
#include <optional>
#include <string_view>

namespace weft::tools::trace {
namespace {

using Kind = Probe::Kind;

struct FixedProbe {
  std::string_view text;
  Kind kind;
};

constexpr FixedProbe kFixed[] = {{"BEGIN", Kind::kBegin},
                                 {"END", Kind::kEnd},
                                 {"block", Kind::kBlock},
                                 {"load", Kind::kLoad},
                                 {"store", Kind::kStore},
                                 {"signal", Kind::kSignal},
                                 {"thread:start", Kind::kThreadStart},
                                 {"thread:end", Kind::kThreadEnd},
                                 {"module:load", Kind::kModuleLoad}};

/// Takes `prefix` off the front of `text`, if it is there.
bool take_prefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

bool take_suffix(std::string_view& text, std::string_view suffix) {
  if (!text.ends_with(suffix)) return false;
  text.remove_suffix(suffix.size());
  return true;
}

/// interval:s:1, interval:ms:100
uint64_t milliseconds(std::string_view text, Position position) {
  uint64_t unit = 0;
  if (take_prefix(text, "s:")) unit = 1000;
  if (unit == 0 && take_prefix(text, "ms:")) unit = 1;
  const uint64_t count = unit == 0 ? 0 : std::strtoull(std::string(text).c_str(), nullptr, 10);
  if (count == 0) throw ScriptError{position, "an interval is interval:s:N or interval:ms:N"};
  return count * unit;
}

/// FILE:LINE
void place_in_file(Probe& probe, std::string_view text) {
  const size_t colon = text.rfind(':');
  if (colon != std::string_view::npos)
    probe.number = std::strtoull(std::string(text.substr(colon + 1)).c_str(), nullptr, 10);
  if (probe.number == 0 || colon == 0) {
    throw ScriptError{probe.position, "a probe of a line is @FILE:LINE or MODULE:@FILE:LINE"};
  }
  probe.kind = Kind::kLine;
  probe.name = text.substr(0, colon);
}

void place_in_module(Probe& probe, std::string_view text) {
  const size_t line = text.starts_with('@') ? 0 : text.find(":@");
  if (line != std::string_view::npos) {
    probe.module = text.substr(0, line);
    return place_in_file(probe, text.substr(line + (line == 0 ? 1 : 2)));
  }
  if (take_suffix(text, ":return") || take_suffix(text, ":ret")) probe.kind = Kind::kReturn;
  // Of C++ names the colons come in pairs.
  const size_t colon = text.find(':');
  const bool has_module = colon != std::string_view::npos && text.substr(colon, 2) != "::";
  const size_t plus = text.rfind("+0x");
  if (plus != std::string_view::npos && !has_module) {
    probe.kind = Kind::kOffset;
    probe.module = text.substr(0, plus);
    probe.number = std::strtoull(std::string(text.substr(plus + 1)).c_str(), nullptr, 16);
    return;
  }
  if (has_module) {
    probe.module = text.substr(0, colon);
    text.remove_prefix(colon + 1);
  }
  if (text.empty()) {
    throw ScriptError{
        probe.position,
        "a probe is MODULE:FUNCTION, FUNCTION, MODULE+0xOFFSET, @FILE:LINE or an event"};
  }
  probe.name = text;
}

}  // namespace

Probe parse_probe(const std::string& text, Position position) {
  Probe probe;
  probe.position = position;
  probe.text = text;
  for (const FixedProbe& each : kFixed) {
    if (text != each.text) continue;
    probe.kind = each.kind;
    return probe;
  }
  std::string_view rest = text;
  if (take_prefix(rest, "interval:")) {
    probe.kind = Kind::kInterval;
    probe.number = milliseconds(rest, position);
  } else if (take_prefix(rest, "syscall:")) {
    probe.kind = take_suffix(rest, ":return") ? Kind::kSyscallReturn : Kind::kSyscall;
    probe.name = rest;
  } else if (take_prefix(rest, "instruction:")) {
    probe.kind = Kind::kInstruction;
    probe.name = rest;
  } else {
    take_prefix(rest, "uprobe:");
    probe.kind = Kind::kFunction;
    if (take_prefix(rest, "uretprobe:")) probe.kind = Kind::kReturn;
    place_in_module(probe, rest);
  }
  return probe;
}

bool glob_matches(const std::string& pattern, const std::string& text) {
  size_t p = 0;
  size_t t = 0;
  size_t star = std::string::npos;
  size_t resume = 0;
  while (t < text.size()) {
    if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t]) && pattern[p] != '*') {
      ++p, ++t;
    } else if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = t;
    } else if (star != std::string::npos) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace weft::tools::trace

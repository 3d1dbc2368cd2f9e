#include "trace/probes.h"

#include <fmt/format.h>

#include "trace/map_use.h"

namespace weft::tools::trace {

const Script* Probes::add(const std::string& text) {
  Script script = parse(text);
  const std::lock_guard held(adding_);
  const size_t count = count_.load(std::memory_order_relaxed);
  if (count == kMostScripts) return nullptr;
  Entry& entry = entries_[count];
  entry.script = std::move(script);
  entry.text = text;
  entry.maps_in_use = maps_in_use(entry.script);
  count_.store(count + 1, std::memory_order_release);
  return &entry.script;
}

const std::string& Probes::text_of(const Script& script) const {
  size_t at = 0;
  while (&entries_[at].script != &script) ++at;
  return entries_[at].text;
}

std::vector<const Probe*> Probes::set(const std::string& pattern, bool on, bool& known) const {
  std::vector<const Probe*> changed;
  size_t number = 0;
  known = false;
  for_each([&](const Action&, const Probe& probe) {
    ++number;
    if (pattern != std::to_string(number) && !glob_matches(pattern, probe.text)) return;
    known = true;
    if (switch_to(probe, on) != on) changed.push_back(&probe);
  });
  return changed;
}

std::string Probes::list() const {
  std::string text;
  size_t number = 0;
  for_each([&](const Action&, const Probe& probe) {
    text += fmt::format("{:3} {:3} {}\n", ++number, is_on(probe) ? "on" : "off", probe.text);
  });
  return text;
}

bool Probes::is_in_use(const std::string& map) const {
  const size_t count = count_.load(std::memory_order_acquire);
  for (size_t i = 0; i < count; ++i) {
    if (entries_[i].maps_in_use.contains(map)) return true;
  }
  return false;
}

}  // namespace weft::tools::trace

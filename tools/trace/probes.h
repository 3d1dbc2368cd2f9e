// The scripts of a trace, and which of their probes are on. Any thread, but start().
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "trace/script.h"

namespace weft::tools::trace {

class Probes {
 public:
  static constexpr size_t kMostScripts = 64;

  /// Throws ScriptError. The script stays where it is; null: there are as many as there can be.
  const Script* add(const std::string& text);
  /// The script's text, for messages about it.
  const std::string& text_of(const Script& script) const;

  template <typename Visit>
  void for_each_script(Visit visit) const {
    const size_t count = count_.load(std::memory_order_acquire);
    for (size_t i = 0; i < count; ++i) visit(entries_[i].script);
  }
  /// visit(action, probe)
  template <typename Visit>
  void for_each(Visit visit) const {
    for_each_script([&](const Script& script) {
      for (const Action& action : script.actions) {
        for (const Probe& probe : action.probes) visit(action, probe);
      }
    });
  }
  /// The same, of probes that are on.
  template <typename Visit>
  void for_each_on(Visit visit) const {
    for_each([&](const Action& action, const Probe& probe) {
      if (is_on(probe)) visit(action, probe);
    });
  }

  static bool is_on(const Probe& probe) { return __atomic_load_n(&probe.is_on, __ATOMIC_RELAXED); }
  /// Answers what it was.
  static bool switch_to(const Probe& probe, bool on) {
    return __atomic_exchange_n(&probe.is_on, on, __ATOMIC_RELAXED);
  }
  /// Switches those on or off whose number in the list, from 1, or whose text is `pattern`, a glob;
  /// answers those that were otherwise. `known`: whether any is meant.
  std::vector<const Probe*> set(const std::string& pattern, bool on, bool& known) const;
  /// A line each: number, state, text.
  std::string list() const;

  /// Whether sums of that map must be up to date at any time; see maps_in_use().
  bool is_in_use(const std::string& map) const;

 private:
  struct Entry {
    Script script;
    std::string text;
    std::set<std::string> maps_in_use;
  };

  std::mutex adding_;
  std::atomic<size_t> count_{0};
  std::array<Entry, kMostScripts> entries_;  ///< those below count_ do not change
};

}  // namespace weft::tools::trace

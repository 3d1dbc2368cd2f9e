// What a trace is told while it runs: a word, and what belongs to it. One object a process; one
// order at a time.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "trace/probes.h"
#include "trace/sites.h"
#include "trace/switching.h"
#include "weft/tool.h"

namespace weft::tools::trace {

/// Throws ScriptError for a system call that is none.
void check_syscalls(const Script& script);

/// Throws ScriptError if the script names functions or lines and names cannot be read.
void check_names(const Script& script);

/// Finds the script's places in the module.
void add_places(CodeSites& sites, Returns& returns, const Module& module, const Script& script);

class Orders {
 public:
  struct Parts {
    Process& process;
    Probes& probes;
    CodeSites& sites;
    Returns& returns;
    std::function<std::string()> maps;  ///< all of them, shown
    std::function<void()> clear;
  };
  explicit Orders(Parts parts) : parts_(std::move(parts)) {}

  /// Lines, or nothing.
  std::string answer(const std::string& order);

 private:
  std::string set(const std::string& pattern, bool on);
  std::string switched(std::span<const Probe* const> changed);
  std::string add(const std::string& text);

  const Parts parts_;
};

}  // namespace weft::tools::trace

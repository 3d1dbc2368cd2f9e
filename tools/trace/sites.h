// Where a script's probes lie in the program's code. One object a process. Any thread.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "trace/script.h"
#include "weft/symbols.h"
#include "weft/tool.h"

namespace weft::tools::trace {

/// A probe at one address.
struct CodeSite {
  const Action* action = nullptr;
  const Probe* probe = nullptr;
  std::string function;
  std::map<std::string, ParameterPath> parameters;  ///< by their text in the script
};

/// Functions and offsets of modules, found when a module is loaded.
class CodeSites {
 public:
  /// Finds the probes' places in the module, and answers functions whose ends are asked for. Throws
  /// ScriptError for a parameter that a function, which the script names, does not have.
  struct Returned {
    Address function;
    CodeSite site;
  };
  std::vector<Returned> add_module(const Module& module, const Script& script);
  std::vector<const CodeSite*> at(Address pc) const;
  /// Where the probe's code is, or will be; not of returns.
  std::vector<Address> places_of(const Probe& probe) const;
  /// Whether a probe has any; for those that have none, to say so.
  bool has_places(const Probe& probe) const;

 private:
  void add(Address at, const CodeSite& site, std::vector<Returned>& returns);
  void add_functions(const SymbolFile& file, const Module& module, const Action& action,
                     const Probe& probe, std::vector<Returned>& returns);

  mutable std::mutex mutex_;
  std::unordered_multimap<Address, CodeSite>
      sites_;  ///< entries never go; their addresses are kept
  std::vector<const Probe*> found_;
};

/// Whether `module` names the file: its name, its name up to ".so", or a glob of either.
bool names_module(const std::string& module, const std::string& path);

}  // namespace weft::tools::trace

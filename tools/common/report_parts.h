// What the reports of several tools have alike. Pure functions; any thread.
#pragma once

#include <string>
#include <vector>

#include "weft/process.h"
#include "weft/symbols.h"

namespace weft::tools {

/// The modules that the process has loaded.
inline void add_modules(Symbols& symbols, Process& process) {
  for (const Module* module : process.modules())
    symbols.add_module(module->path, module->range.start, module->range.end);
}

/// A path without its folders.
inline std::string last_part(const std::string& path) { return path.substr(path.rfind('/') + 1); }

/// The function, or the module of one that has no name.
inline std::string function_name(const Location& where) {
  return where.function.empty() ? last_part(where.module) + " (no symbol)" : where.function;
}

inline std::string command_line(const std::vector<std::string>& arguments) {
  std::string command;
  for (const std::string& argument : arguments) command += (command.empty() ? "" : " ") + argument;
  return command;
}

/// The program by the name that it was called by; empty if it got none.
inline std::string called_as(Process& process) {
  return process.arguments().empty() ? "" : process.arguments().front();
}

inline double percent(uint64_t part, uint64_t whole) {
  return whole == 0 ? 0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace weft::tools

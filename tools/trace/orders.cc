#include "trace/orders.h"

#include <fmt/format.h>

#include <chrono>

#include "syscalls/names.h"

namespace weft::tools::trace {

void check_syscalls(const Script& script) {
  constexpr uint64_t kMostNumbers = 1024;
  const auto is_known = [](const std::string& pattern) {
    for (uint64_t number = 0; number < kMostNumbers; ++number) {
      const std::string name(syscall_name(number).name);
      if (!name.empty() && glob_matches(pattern, name)) return true;
    }
    return false;
  };
  for (const Action& action : script.actions) {
    for (const Probe& probe : action.probes) {
      const bool is_call =
          probe.kind == Probe::Kind::kSyscall || probe.kind == Probe::Kind::kSyscallReturn;
      if (is_call && !is_known(probe.name))
        throw ScriptError{probe.position, fmt::format("no system call is called '{}'", probe.name)};
    }
  }
}

void check_names(const Script& script) {
  if (SymbolFile::can_read()) return;
  for (const Action& action : script.actions) {
    for (const Probe& probe : action.probes) {
      const bool is_named = probe.kind == Probe::Kind::kFunction ||
                            probe.kind == Probe::Kind::kReturn || probe.kind == Probe::Kind::kLine;
      if (is_named)
        throw ScriptError{probe.position, "names need libdw; install Debian's package libdw1"};
    }
  }
}

void add_places(CodeSites& sites, Returns& returns, const Module& module, const Script& script) {
  for (const CodeSites::Returned& each : sites.add_module(module, script)) returns.add(each);
}

std::string Orders::answer(const std::string& order) {
  const size_t space = order.find(' ');
  const std::string verb = order.substr(0, space);
  const std::string rest = space == std::string::npos ? "" : order.substr(space + 1);
  if (verb == "list") return parts_.probes.list();
  if (verb == "print") return parts_.maps();
  if (verb == "clear") return parts_.clear(), std::string();
  if (verb == "on" || verb == "off") return set(rest, verb == "on");
  if (verb == "add") return add(rest);
  return fmt::format("no order is called '{}': list, on, off, add, print, clear\n", verb);
}

std::string Orders::set(const std::string& pattern, bool on) {
  bool known = false;
  const std::vector<const Probe*> changed = parts_.probes.set(pattern, on, known);
  if (!known) return fmt::format("no probe is called '{}'; 'list' names them\n", pattern);
  return switched(changed);
}

std::string Orders::switched(std::span<const Probe* const> changed) {
  const auto start = std::chrono::steady_clock::now();
  const Switched done = apply(parts_.process, parts_.sites, parts_.returns, changed);
  const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - start;
  return fmt::format("{} probes, {} places, {} fragments deleted, {:.0f} us\n", changed.size(),
                     done.places, done.fragments, took.count());
}

std::string Orders::add(const std::string& text) {
  std::vector<const Probe*> added;
  try {
    const Script parsed = parse(text);
    check_syscalls(parsed);
    check_names(parsed);
    const Script* const script = parts_.probes.add(text);
    if (script == nullptr) return "there are as many scripts as there can be\n";
    for (const Action& action : script->actions) {
      for (const Probe& probe : action.probes) added.push_back(&probe);
    }
    for (const Module* module : parts_.process.modules())
      add_places(parts_.sites, parts_.returns, *module, *script);
  } catch (const ScriptError& error) {
    for (const Probe* probe : added) Probes::switch_to(*probe, false);
    return describe(error, text) + "\n";
  }
  // Functions whose returns are asked for are wrapped as they are found.
  std::erase_if(added, [](const Probe* probe) { return probe->kind == Probe::Kind::kReturn; });
  return switched(added);
}

}  // namespace weft::tools::trace

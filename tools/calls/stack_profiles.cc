#include "calls/stack_profiles.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <unordered_map>

#include "common/pprof.h"
#include "common/report_parts.h"

namespace weft::tools {
namespace {

std::string name_of(const Location& where) {
  return where.function.empty() && where.module.empty() ? "(no module)" : function_name(where);
}

/// Names by address, each looked up once.
class Names {
 public:
  explicit Names(const Symbols& symbols) : symbols_(symbols) {}
  const std::string& at(Address pc) {
    const auto [found, made] = names_.try_emplace(pc);
    if (made) {
      found->second = name_of(symbols_.find(pc));
      // What separates functions is part of no name.
      std::replace(found->second.begin(), found->second.end(), ';', ':');
    }
    return found->second;
  }

 private:
  const Symbols& symbols_;
  std::unordered_map<Address, std::string> names_;
};

/// The nodes from `node` to the one below the root.
std::vector<const CallTree::Node*> chain_of(const CallTree& tree, uint32_t node) {
  std::vector<const CallTree::Node*> chain;
  for (; node != CallTree::kRoot; node = tree.nodes()[node].parent)
    chain.push_back(&tree.nodes()[node]);
  return chain;
}

}  // namespace

SourceLine line_of(const Symbols& symbols, const Location& where) {
  if (where.function_start == 0) return where.source;
  const SourceLine start = symbols.find(where.function_start).source;
  return start.file == where.source.file ? where.source : start;
}

std::string collapsed_stacks(const CallTree& tree, const Symbols& symbols,
                             const std::string& program) {
  Names names(symbols);
  // Sites of one caller are one line.
  std::map<std::string, uint64_t> lines;
  for (uint32_t i = 0; i < tree.nodes().size(); ++i) {
    const uint64_t self = tree.nodes()[i].self;
    if (self == 0) continue;
    const auto chain = chain_of(tree, i);
    std::string line = last_part(program);
    if (!chain.empty()) line += ";" + names.at(chain.back()->edge.site);
    for (auto each = chain.rbegin(); each != chain.rend(); ++each)
      line += ";" + names.at((*each)->edge.callee);
    lines[line] += self;
  }
  std::string out;
  for (const auto& [line, self] : lines) out += fmt::format("{} {}\n", line, self);
  return out;
}

std::string pprof_stacks(const CallTree& tree, const Symbols& symbols, const std::string& program) {
  PprofProfile profile("instructions", "count");
  for (const Symbols::Module& module : symbols.modules())
    profile.add_mapping(module.start, module.end, module.path);
  std::unordered_map<Address, uint64_t> known;
  const auto location = [&](Address pc) {
    const auto [found, made] = known.try_emplace(pc);
    if (made) {
      const Location where = symbols.find(pc);
      const SourceLine source = line_of(symbols, where);
      found->second = profile.location(pc, name_of(where), source.file, source.line);
    }
    return found->second;
  };
  for (uint32_t i = 0; i < tree.nodes().size(); ++i) {
    const CallTree::Node& node = tree.nodes()[i];
    if (node.self == 0) continue;
    std::vector<uint64_t> stack;
    const auto chain = chain_of(tree, i);
    // Where in the callee is not known, but where in all that called it.
    if (!chain.empty()) stack.push_back(location(chain.front()->edge.callee));
    for (const CallTree::Node* each : chain) stack.push_back(location(each->edge.site));
    if (chain.empty()) stack.push_back(profile.location(0, last_part(program), "", 0));
    profile.add_sample(stack, node.self);
  }
  return profile.text();
}

}  // namespace weft::tools

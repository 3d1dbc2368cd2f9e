#include "common/callgrind.h"

#include <fmt/format.h>

#include <iterator>

namespace weft::tools {
namespace {

/// Names are written once, "(number) name", and by number from then on.
class Names {
 public:
  std::string operator()(const std::string& name) {
    const std::string shown = name.empty() ? "???" : name;
    const auto [entry, is_new] = numbers_.try_emplace(shown, numbers_.size() + 1);
    return is_new ? fmt::format("({}) {}", entry->second, shown)
                  : fmt::format("({})", entry->second);
  }

 private:
  std::map<std::string, size_t> numbers_;
};

}  // namespace

void CallgrindProfile::add_cost(const ProfileFunction& function, uint32_t line, uint64_t count) {
  functions_[function].lines[line] += count;
  total_ += count;
}

void CallgrindProfile::add_call(const ProfileFunction& caller, uint32_t line,
                                const ProfileFunction& callee, uint64_t calls, uint64_t inclusive) {
  Call& call = functions_[caller].calls[{line, callee}];
  call.calls += calls;
  call.inclusive += inclusive;
}

std::string CallgrindProfile::text(const std::string& command, int pid) const {
  std::string out = "# callgrind format\nversion: 1\ncreator: weft\n";
  auto text = std::back_inserter(out);
  fmt::format_to(text, "pid: {}\ncmd: {}\npart: 1\n\npositions: line\nevents: Ir\nsummary: {}\n\n",
                 pid, command, total_);
  Names objects;
  Names files;
  Names names;
  for (const auto& [function, body] : functions_) {
    fmt::format_to(text, "ob={}\nfl={}\n", objects(function.object), files(function.file));
    fmt::format_to(text, "fn={}\n", names(function.name));
    for (const auto& [line, count] : body.lines) fmt::format_to(text, "{} {}\n", line, count);
    for (const auto& [key, call] : body.calls) {
      const auto& [line, callee] = key;
      fmt::format_to(text, "cob={}\ncfi={}\n", objects(callee.object), files(callee.file));
      fmt::format_to(text, "cfn={}\n", names(callee.name));
      fmt::format_to(text, "calls={} 0\n{} {}\n", call.calls, line, call.inclusive);
    }
    out += '\n';
  }
  fmt::format_to(text, "totals: {}\n", total_);
  return out;
}

}  // namespace weft::tools

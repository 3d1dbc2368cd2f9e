#include "tool/call_site.h"

#include <algorithm>

#include "tool/callee.h"

namespace weft::tool {

bool saves_little(const CallSite& site, Callees& callees) {
  constexpr size_t kInRegisters = 6;
  if (site.arguments.size() > kInRegisters) return false;
  // What make_light_arguments() does not know.
  const bool needs_view =
      std::any_of(site.arguments.begin(), site.arguments.end(), [](const Argument& each) {
        return each.kind == Value::Kind::kContext || each.kind == Value::Kind::kThread ||
               each.kind == Value::Kind::kAccesses;
      });
  return !needs_view &&
         callees.use_general_registers_only(reinterpret_cast<uint64_t>(&make_light_arguments)) &&
         callees.use_general_registers_only(reinterpret_cast<uint64_t>(site.function));
}

}  // namespace weft::tool

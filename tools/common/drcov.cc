#include "common/drcov.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <vector>

namespace weft::tools {
namespace {

constexpr uint64_t kLongestRecord = 0xffff;

}  // namespace

std::string drcov(std::span<const DrcovModule> modules, std::span<const Range> blocks) {
  std::vector<DrcovBlock> records;
  records.reserve(blocks.size());
  // Neighbours mostly lie in one module.
  auto module = modules.end();
  const auto holds = [&modules, &module](uint64_t start) {
    return module != modules.end() && module->start <= start && start < module->end;
  };
  for (const Range& block : blocks) {
    if (!holds(block.start)) {
      module = modules.begin();
      while (module != modules.end() && !holds(block.start)) ++module;
    }
    if (module == modules.end()) continue;
    for (uint64_t done = 0; done < block.size(); done += kLongestRecord) {
      records.push_back({static_cast<uint32_t>(block.start + done - module->start),
                         static_cast<uint16_t>(std::min(block.size() - done, kLongestRecord)),
                         static_cast<uint16_t>(module - modules.begin())});
    }
  }
  std::string out = "DRCOV VERSION: 2\nDRCOV FLAVOR: weft\n";
  auto text = std::back_inserter(out);
  fmt::format_to(text, "Module Table: version 2, count {}\n", modules.size());
  out += "Columns: id, base, end, entry, path\n";
  for (size_t i = 0; i < modules.size(); ++i) {
    const DrcovModule& each = modules[i];
    fmt::format_to(text, "{:3}, {:#018x}, {:#018x}, {:#018x}, {}\n", i, each.start, each.end,
                   each.entry, each.path);
  }
  fmt::format_to(text, "BB Table: {} bbs\n", records.size());
  if (!records.empty())
    out.append(reinterpret_cast<const char*>(records.data()), records.size() * sizeof(DrcovBlock));
  return out;
}

}  // namespace weft::tools

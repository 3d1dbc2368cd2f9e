#include "common/drcov.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace weft::tools {
namespace {

constexpr uint64_t kLongestRecord = 0xffff;

void put(std::string& out, uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i));
}

}  // namespace

std::string drcov(std::span<const DrcovModule> modules, std::span<const DrcovBlock> blocks) {
  std::string records;
  size_t count = 0;
  for (const DrcovBlock& block : blocks) {
    const auto module = std::find_if(modules.begin(), modules.end(), [&](const DrcovModule& one) {
      return one.start <= block.start && block.start < one.end;
    });
    if (module == modules.end()) continue;
    for (uint64_t done = 0; done < block.size; done += kLongestRecord) {
      put(records, block.start + done - module->start, 4);
      put(records, std::min(block.size - done, kLongestRecord), 2);
      put(records, static_cast<uint64_t>(module - modules.begin()), 2);
      ++count;
    }
  }
  std::string out = "DRCOV VERSION: 2\nDRCOV FLAVOR: weft\n";
  auto text = std::back_inserter(out);
  fmt::format_to(text, "Module Table: version 2, count {}\n", modules.size());
  out += "Columns: id, base, end, entry, path\n";
  for (size_t i = 0; i < modules.size(); ++i) {
    const DrcovModule& module = modules[i];
    fmt::format_to(text, "{:3}, {:#018x}, {:#018x}, {:#018x}, {}\n", i, module.start, module.end,
                   module.entry, module.path);
  }
  fmt::format_to(text, "BB Table: {} bbs\n", count);
  return out + records;
}

}  // namespace weft::tools

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
  constexpr size_t kRecordBytes = 8;
  records.reserve(blocks.size() * kRecordBytes);
  size_t count = 0;
  // Neighbours mostly lie in one module.
  auto module = modules.end();
  const auto holds = [&modules, &module](uint64_t start) {
    return module != modules.end() && module->start <= start && start < module->end;
  };
  for (const DrcovBlock& block : blocks) {
    if (!holds(block.start)) {
      module = modules.begin();
      while (module != modules.end() && !holds(block.start)) ++module;
    }
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
    const DrcovModule& each = modules[i];
    fmt::format_to(text, "{:3}, {:#018x}, {:#018x}, {:#018x}, {}\n", i, each.start, each.end,
                   each.entry, each.path);
  }
  fmt::format_to(text, "BB Table: {} bbs\n", count);
  return out + records;
}

}  // namespace weft::tools

#include "common/covered_lines.h"

#include <algorithm>
#include <vector>

namespace weft::tools {
namespace {

/// The row that the block starts in, if it starts behind its beginning, and those that begin in
/// it.
void mark(const SymbolFile& file, Address bias, const Range& block, std::vector<bool>& hit) {
  const std::span<const LineRow> rows = file.lines();
  const uint64_t start = block.start - bias;
  const uint64_t end = block.end - bias;
  const auto first =
      std::lower_bound(rows.begin(), rows.end(), start,
                       [](const LineRow& row, uint64_t address) { return row.address < address; });
  size_t at = static_cast<size_t>(first - rows.begin());
  if (at > 0 && (at == rows.size() || rows[at].address > start)) hit[at - 1] = true;
  for (; at < rows.size() && rows[at].address < end; ++at) hit[at] = true;
}

}  // namespace

void add_lines(LineCoverage& lines, const SymbolFile& file, Address bias,
               std::span<const Range> blocks) {
  const std::span<const LineRow> rows = file.lines();
  std::vector<bool> hit(rows.size());
  for (const Range& block : blocks) mark(file, bias, block, hit);
  for (size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].line != 0)
      lines.add_line(file.source_files()[rows[i].file], rows[i].line, hit[i] ? 1 : 0);
  }
  for (const FunctionSymbol& function : file.functions()) {
    const LineRow* row = file.row_at(function.start);
    if (row == nullptr) continue;
    lines.add_function(file.source_files()[row->file], demangle(function.name), row->line,
                       hit[static_cast<size_t>(row - rows.data())] ? 1 : 0);
  }
}

}  // namespace weft::tools

// opcodes: how often each kind of instruction was executed.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "common/block_table.h"
#include "common/report_tool.h"

namespace weft::tools {
namespace {

class Opcodes final : public ReportTool {
 public:
  std::string_view summary() const override { return "counts executed instructions by mnemonic"; }

  void declare(OptionList& list) override {
    declare_output(list, "-");
    list.add_number("top", 0, "how many mnemonics to list; 0: all");
  }

  void start(Process& /*process*/, const Options& options) override {
    top_ = options.number("top");
  }

  void on_thread_start(Thread& /*thread*/) override { counters_.thread_started(process()); }

  void on_block(Block& block) override {
    counters_.count(block, table_.record(process(), block, BlockTable::Keep::kMnemonics));
  }

  std::string report(Process& process) override {
    std::map<std::string_view, uint64_t> counts;
    uint64_t total = 0;
    for (const BlockRecord* record : table_.sorted()) {
      const uint64_t executions = record->executions.get();
      if (executions == 0) continue;
      for (const char* mnemonic : record->mnemonics) counts[mnemonic] += executions;
      total += executions * record->instructions;
    }
    std::vector<std::pair<std::string_view, uint64_t>> rows(counts.begin(), counts.end());
    std::stable_sort(rows.begin(), rows.end(),
                     [](const auto& a, const auto& b) { return a.second > b.second; });
    std::string out = fmt::format("opcodes: process {}: {} instructions, {} mnemonics\n",
                                  process.id(), total, rows.size());
    if (top_ != 0 && rows.size() > top_) rows.resize(top_);
    for (const auto& [mnemonic, count] : rows) {
      out += fmt::format("{:14} {:6.2f}%  {}\n", count,
                         100.0 * static_cast<double>(count) / static_cast<double>(total), mnemonic);
    }
    return out;
  }

  void restart(Process& /*process*/, Thread& /*thread*/) override {
    counters_.restart();
    table_.reset();
  }

 private:
  BlockTable table_;
  BlockCounters counters_;
  uint64_t top_ = 0;
};

}  // namespace
}  // namespace weft::tools

WEFT_TOOL(weft::tools::Opcodes);

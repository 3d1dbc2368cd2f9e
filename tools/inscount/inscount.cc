// inscount: how many instructions and basic blocks each thread executed.
#include <fmt/format.h>

#include "common/report_tool.h"
#include "common/thread_counts.h"

namespace weft::tools {
namespace {

class InsCount final : public ReportTool {
 public:
  std::string_view summary() const override {
    return "counts executed instructions, exactly, in total and for each thread";
  }

  void declare(OptionList& list) override {
    declare_output(list, "-");
    list.add_flag("threads", true, "a line for each thread too");
    list.add_flag("blocks", false, "counts executed basic blocks too");
  }

  void start(Process& process, const Options& options) override {
    show_threads_ = options.flag("threads");
    count_blocks_ = options.flag("blocks");
    instructions_ = process.new_tally();
    counts_.watch(instructions_);
    if (!count_blocks_) return;
    blocks_ = process.new_tally();
    counts_.watch(blocks_);
  }

  std::string image_version(const Options& options) const override {
    return options.flag("blocks") ? "instructions, blocks" : "instructions";
  }

  void on_thread_start(Thread& thread) override { counts_.started(thread); }
  void on_thread_exit(Thread& thread) override { counts_.ended(thread); }

  void on_block(Block& block) override {
    block.anywhere().add(instructions_, static_cast<int32_t>(block.size()));
    if (count_blocks_) block.anywhere().add(blocks_);
  }

  std::string report(Process& process) override {
    std::vector<ThreadCount> threads = counts_.all();
    std::vector<uint64_t> total(count_blocks_ ? 2 : 1);
    std::string lines;
    for (const ThreadCount& thread : threads) {
      for (size_t i = 0; i < total.size(); ++i) total[i] += thread.values[i];
      lines += fmt::format("  thread {} ({}): {}\n", thread.number, thread.id, text(thread.values));
    }
    return fmt::format("inscount: process {}: {}, {} thread{}\n", process.id(), text(total),
                       threads.size(), threads.size() == 1 ? "" : "s") +
           (show_threads_ ? lines : "");
  }

  void restart(Process& process, Thread& thread) override { counts_.restart(process, thread); }

 private:
  std::string text(const std::vector<uint64_t>& values) const {
    std::string out = fmt::format("{} instructions", values[0]);
    if (count_blocks_) out += fmt::format(", {} blocks", values[1]);
    return out;
  }

  Tally instructions_;
  Tally blocks_;
  ThreadCounts counts_;
  bool show_threads_ = true;
  bool count_blocks_ = false;
};

}  // namespace
}  // namespace weft::tools

WEFT_TOOL(weft::tools::InsCount);

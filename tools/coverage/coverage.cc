// coverage: which basic blocks ran, as drcov and lcov files.
//
// A block's first execution sets a word of its own, and that addition is taken out of the code.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <ctime>
#include <span>

#include "common/covered_lines.h"
#include "common/drcov.h"
#include "common/line_coverage.h"
#include "common/output_file.h"
#include "common/report_tool.h"
#include "seen_blocks.h"
#include "weft/symbols.h"

namespace weft::tools {
namespace {

class Coverage final : public ReportTool {
 public:
  std::string_view summary() const override {
    return "records which basic blocks ran (drcov for Lighthouse, lcov and Cobertura for source "
           "lines)";
  }

  void declare(OptionList& list) override {
    declare_output(list, "coverage.%p.drcov");
    list.add_text("lcov", "",
                  "file for lines of source, in lcov's format (needs debug information)");
    list.add_text("cobertura", "", "the same in Cobertura's format");
    list.add_text("module", "", "only modules whose path contains this");
    list.add_flag("stats", false, "tell how much was instrumented and removed");
  }

  void start(Process& process, const Options& options) override {
    code_ = &process.code();
    lines_[0].pattern = options.text("lcov");
    lines_[1].pattern = options.text("cobertura");
    module_ = options.text("module");
    if (options.flag("stats")) stats_stream_ = process.error_stream();
  }

  void on_block(Block& block) override {
    if (!module_.empty()) {
      const Module* module = process().module_at(block.tag());
      if (module == nullptr || module->path.find(module_) == std::string::npos) return;
    }
    block.anywhere().set_once(blocks_.counter_of(process(), block), 1, Removal::kSoon);
    additions_.fetch_add(1, std::memory_order_relaxed);
  }

  std::string report(Process& process) override {
    const std::vector<Range> ran = blocks_.ran();
    if (stats_stream_ >= 0) {
      tell(stats_stream_,
           fmt::format("coverage: {} blocks, instrumented {} times, {} ran and lost it again\n",
                       blocks_.size(), additions_.load(), ran.size()));
    }
    write_lines(process, ran);
    return drcov_of(process, ran);
  }

  void restart(Process& process, Thread& /*thread*/) override {
    code_ = &process.code();
    for (LineFile& each : lines_) each.path.clear();
    additions_ = 0;
    // What the parent did is not the child's.
    blocks_.reset();
    code_->put_back_set_once();
  }

  std::string image_version(const Options& options) const override {
    return "2 " + std::string(options.text("module"));
  }

  std::vector<uint8_t> image_state(Process& /*process*/,
                                   const std::function<bool(Address)>& kept) override {
    return blocks_.save(kept);
  }

  void resume_image(Process& /*process*/, std::span<const uint8_t> state) override {
    blocks_.resume(state);
  }

 private:
  static std::string drcov_of(Process& process, const std::vector<Range>& ran) {
    std::vector<DrcovModule> modules;
    for (const Module* module : process.modules())
      modules.push_back({module->range.start, module->range.end, module->entry, module->path});
    return drcov(modules, ran);
  }

  void write_lines(Process& process, const std::vector<Range>& ran) {
    if (lines_[0].pattern.empty() && lines_[1].pattern.empty()) return;
    const LineCoverage lines = lines_of(process, ran);
    for (LineFile& each : lines_) {
      if (each.pattern.empty()) continue;
      if (each.path.empty()) each.path = report_path(process, each.pattern);
      complain(write_file(
          each.path, &each == lines_.data() ? lines.lcov() : lines.cobertura(std::time(nullptr))));
    }
  }

  static LineCoverage lines_of(Process& process, const std::vector<Range>& ran) {
    const auto before = [](const Range& range, Address at) { return range.start < at; };
    LineCoverage lines;
    for (const Module* module : process.modules()) {
      const auto first = std::lower_bound(ran.begin(), ran.end(), module->range.start, before);
      const auto end = std::lower_bound(first, ran.end(), module->range.end, before);
      if (first == end) continue;
      const auto file = SymbolFile::open(module->path);
      if (file != nullptr && !file->lines().empty())
        add_lines(lines, *file, module->bias, std::span(first, end));
    }
    return lines;
  }

  SeenBlocks blocks_;
  Code* code_ = nullptr;
  struct LineFile {
    std::string pattern;  ///< empty: not wanted
    std::string path;     ///< empty: not chosen yet
  };
  std::array<LineFile, 2> lines_;  ///< lcov's, Cobertura's
  std::string module_;
  int stats_stream_ = -1;  ///< descriptor; -1: no statistics wanted
  std::atomic<uint64_t> additions_ = 0;
};

}  // namespace
}  // namespace weft::tools

WEFT_TOOL(weft::tools::Coverage);

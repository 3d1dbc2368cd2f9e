// memtrace: every memory access of the program, in the format of common/memtrace_format.h.
#include <fmt/format.h>

#include "common/access_recorder.h"
#include "common/output_file.h"
#include "common/report_tool.h"

namespace weft::tools {
namespace {

class MemTrace final : public Tool {
 public:
  std::string_view summary() const override {
    return "writes every memory access to a compact binary trace (weft-memtrace reads it)";
  }

  void declare(OptionList& list) override {
    list.add_text("output", "memtrace.%p.bin", "file to write; %p is the process number");
    list.add_text("module", "", "only instructions in modules whose path contains this");
    list.add_flag("stack", true, "accesses of push, pop, call and ret too");
    list.add_flag("stats", false, "tell how many accesses were recorded");
  }

  void on_start(Process& process, const Options& options) override {
    if (options.flag("stats")) stats_stream_ = process.error_stream();
    recorder_.start(process,
                    {options.text("output"), options.text("module"), options.flag("stack")});
  }

  void on_block(Block& block) override { recorder_.add_to(block); }
  void on_thread_exit(Thread& thread) override { recorder_.thread_ended(thread); }
  void on_exit(Process& /*process*/, int /*status*/) override { finish(); }
  void on_exec(Process& /*process*/) override { finish(); }
  void on_fork(Process& process, Thread& thread) override { recorder_.restart(process, thread); }

 private:
  void finish() {
    complain(recorder_.error());
    if (stats_stream_ >= 0)
      tell(stats_stream_, fmt::format("memtrace: {} accesses, {} bytes\n", recorder_.recorded(),
                                      recorder_.file_size()));
  }

  AccessRecorder recorder_;
  int stats_stream_ = -1;  ///< descriptor; -1: no statistics wanted
};

}  // namespace
}  // namespace weft::tools

WEFT_TOOL(weft::tools::MemTrace);

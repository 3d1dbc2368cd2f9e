// burst: every memory access within short windows of time, and nothing between them.
//
// When a window opens and when it closes, all code is deleted, and built again as it is needed:
// with records, or as without a tool. Between windows there is no instrumentation, not even a test.
#include <fmt/format.h>
#include <pthread.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <thread>

#include "common/access_recorder.h"
#include "common/report_tool.h"

namespace weft::tools {
namespace {

using std::chrono::microseconds;

class Burst final : public Tool {
 public:
  std::string_view summary() const override {
    return "traces all memory accesses in short windows (weft-memtrace reads the trace)";
  }

  void declare(OptionList& list) override {
    list.add_text("output", "burst.%p.bin", "file to write; %p is the process number");
    list.add_number("period", 1000, "milliseconds from one window's start to the next one's");
    list.add_number("window", 10, "milliseconds that a window lasts");
    list.add_text("module", "", "only instructions in modules whose path contains this");
    list.add_flag("stack", true, "accesses of push, pop, call and ret too");
    list.add_flag("stats", false, "tell how many windows and accesses were recorded");
  }

  void on_start(Process& process, const Options& options) override {
    code_ = &process.code();
    window_ = std::chrono::milliseconds(options.number("window"));
    pause_ = std::chrono::milliseconds(options.number("period")) - window_;
    if (window_.count() == 0 || pause_.count() <= 0)
      process.fail("window must be at least 1 and less than period");
    stats_ = options.flag("stats");
    recorder_.start(process,
                    {options.text("output"), options.text("module"), options.flag("stack")});
    start_clock();
  }

  void on_block(Block& block) override {
    if (open_.load()) recorder_.add_to(block);
  }

  void on_thread_exit(Thread& thread) override { recorder_.thread_ended(thread); }
  void on_exit(Process& /*process*/, int /*status*/) override { finish(); }
  void on_exec(Process& /*process*/) override { finish(); }

  void on_fork(Process& process, Thread& /*thread*/) override {
    code_ = &process.code();
    recorder_.restart(process);
    windows_ = 0;
    open_ = false;
    code_->delete_all();
    start_clock();
  }

 private:
  void start_clock() {
    // The program's signals are for its own threads.
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    std::thread([this] { run_clock(); }).detach();
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }

  void run_clock() {
    while (true) {
      std::this_thread::sleep_for(pause_);
      open_ = true;
      code_->delete_all();
      ++windows_;
      std::this_thread::sleep_for(window_);
      open_ = false;
      code_->delete_all();
      // Blocks that were shown to on_block() before the window closed may have been published
      // since.
      std::this_thread::sleep_for(kStragglers);
      code_->delete_all();
    }
  }

  void finish() {
    complain(recorder_.error());
    if (stats_)
      fmt::print(stderr, "burst: {} windows, {} accesses, {} bytes\n", windows_.load(),
                 recorder_.recorded(), recorder_.file_size());
  }

  static constexpr microseconds kStragglers{500};

  AccessRecorder recorder_;
  Code* code_ = nullptr;
  microseconds window_{};
  microseconds pause_{};
  std::atomic<bool> open_ = false;
  std::atomic<uint64_t> windows_ = 0;
  bool stats_ = false;
};

}  // namespace
}  // namespace weft::tools

WEFT_TOOL(weft::tools::Burst);

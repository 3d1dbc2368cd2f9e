// burst: every memory access within short windows of time, each thread's its own, and next to
// nothing between them.
//
// Each block has two versions: a bare one, and, once it is run in a window, one that records. A
// word of the thread's chooses; a clock thread writes it.
#include <fmt/format.h>
#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

#include "common/access_recorder.h"
#include "common/output_file.h"
#include "common/report_tool.h"

namespace weft::tools {
namespace {

using Clock = std::chrono::steady_clock;
using Times = std::map<Thread*, Clock::time_point>;

constexpr int32_t kClosed = 0;
constexpr int32_t kOpen = 1;

class Burst final : public Tool {
 public:
  std::string_view summary() const override {
    return "traces all memory accesses in short windows (weft-memtrace reads the trace)";
  }

  void declare(OptionList& list) override {
    list.add_text("output", "burst.%p.bin", "file to write; %p is the process number");
    list.add_number("period", 1000, "milliseconds from one window of a thread to its next one");
    list.add_number("window", 10, "milliseconds that a window lasts");
    list.add_text("module", "", "only instructions in modules whose path contains this");
    list.add_flag("stack", true, "accesses of push, pop, call and ret too");
    list.add_flag("stats", false, "tell how many windows and accesses were recorded");
  }

  void on_start(Process& process, const Options& options) override {
    window_ = std::chrono::milliseconds(options.number("window"));
    pause_ = std::chrono::milliseconds(options.number("period")) - window_;
    if (window_.count() == 0 || pause_.count() <= 0)
      process.fail("window must be at least 1 and less than period");
    if (options.flag("stats")) stats_stream_ = process.error_stream();
    recorder_.start(process,
                    {options.text("output"), options.text("module"), options.flag("stack")});
    state_ = process.new_thread_counter();
    // A block's first run in a window has it recorded already.
    versions_ = process.new_versions(state_, {{kClosed}, 1, 1});
    start_clock();
  }

  void on_block(Block& block) override {
    if (!recorder_.is_chosen(block)) return;
    if (block.choose(versions_).is(kOpen)) recorder_.add_to(block);
  }

  void on_thread_start(Thread& thread) override {
    const std::lock_guard held(lock_);
    (*threads_)[&thread] = Clock::now() + pause_;
  }
  void on_thread_exit(Thread& thread) override {
    {
      const std::lock_guard held(lock_);
      threads_->erase(&thread);
    }
    recorder_.thread_ended(thread);
  }
  void on_exit(Process& /*process*/, int /*status*/) override { finish(); }
  void on_exec(Process& /*process*/) override { finish(); }

  void on_fork(Process& process, Thread& thread) override {
    // The clock thread is the parent's alone; it may have held the lock, and have been changing
    // what it guards.
    new (&lock_) std::mutex;
    static_cast<void>(threads_.release());
    threads_ = std::make_unique<Times>();
    recorder_.restart(process, thread);
    windows_ = 0;
    thread.set(state_, kClosed);
    (*threads_)[&thread] = Clock::now() + pause_;
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
    for (;;) std::this_thread::sleep_until(turn());
  }

  /// Opens and closes the windows whose time has come; when the next one's will have.
  Clock::time_point turn() {
    const std::lock_guard held(lock_);
    const Clock::time_point now = Clock::now();
    // Threads that start meanwhile are not late by more than this.
    Clock::time_point next = now + std::min(window_, pause_);
    for (auto& [thread, time] : *threads_) {
      if (time <= now) {
        const bool opens = thread->get(state_) == kClosed;
        thread->set(state_, opens ? kOpen : kClosed);
        windows_ += opens ? 1u : 0u;
        time = now + (opens ? window_ : pause_);
      }
      next = std::min(next, time);
    }
    return next;
  }

  void finish() {
    complain(recorder_.error());
    if (stats_stream_ >= 0)
      tell(stats_stream_, fmt::format("burst: {} windows, {} accesses, {} bytes\n", windows_.load(),
                                      recorder_.recorded(), recorder_.file_size()));
  }

  AccessRecorder recorder_;
  ThreadCounter state_;
  Versions versions_;
  std::chrono::microseconds window_{};
  std::chrono::microseconds pause_{};
  std::mutex lock_;
  /// When each thread's state changes next; under lock_.
  std::unique_ptr<Times> threads_ = std::make_unique<Times>();
  std::atomic<uint64_t> windows_ = 0;
  int stats_stream_ = -1;  ///< descriptor; -1: no statistics wanted
};

}  // namespace
}  // namespace weft::tools

WEFT_TOOL(weft::tools::Burst);

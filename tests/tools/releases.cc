// A thread of the tool's puts 1 into the word by which the program's blocks are chosen, while the
// program is in a loop. The version for 1, which the loop must then run, lets the program out of
// it.
#include <pthread.h>

#include <chrono>
#include <csignal>
#include <mutex>
#include <thread>
#include <vector>

#include "weft/symbols.h"
#include "weft/tool.h"

namespace {

constexpr uint64_t kLoopCall = 0x7200;

weft::Process* g_process;
weft::Address g_released;

class Releases final : public weft::Tool {
 public:
  void declare(weft::OptionList& options) override {
    options.add_flag("shared", false, "one word for all threads instead of one for each");
    options.add_flag("flush", false,
                     "a buffer's callback puts 1 into the word, not another thread");
  }

  void on_start(weft::Process& process, const weft::Options& options) override {
    g_process = &process;
    shared_ = options.flag("shared");
    flushes_ = options.flag("flush");
    word_ = process.new_counter();
    thread_word_ = process.new_thread_counter();
    const weft::VersionOptions choice{{0, 1}, 0, 1};
    versions_ =
        shared_ ? process.new_versions(word_, choice) : process.new_versions(thread_word_, choice);
    constexpr size_t kRecords = 1000;
    buffer_ = process.new_buffer(sizeof(uint64_t), kRecords, flushed, this);
    const auto file = weft::SymbolFile::open(process.program());
    for (const weft::FunctionSymbol& each : file->functions()) {
      if (each.name.rfind("turn_", 0) == 0) loops_.push_back({each.start, each.start + each.size});
    }
    if (!flushes_) start_thread();
  }

  void on_block(weft::Block& block) override {
    bool chosen = false;
    for (const weft::Range& loop : loops_) chosen = chosen || loop.contains(block.tag());
    if (!chosen) return;
    const weft::Case which = block.choose(versions_);
    if (which.is(1)) {
      block.before(0).call(release);
    } else if (flushes_) {
      block.before(0).record(buffer_, {{block.tag()}});
    }
  }

  void on_thread_start(weft::Thread& thread) override { thread_ = &thread; }

  void on_syscall_before(weft::SystemCall& call) override {
    if (call.number() != kLoopCall) return;
    call.set_result(0);
    g_released = call.argument(1);
    choose(0);
    const std::lock_guard held(lock_);
    loops_begun_ = call.argument(0);
  }

 private:
  static void release() {
    const int one = 1;
    g_process->write_memory(g_released, &one, sizeof one);
  }
  static void flushed(weft::Thread&, const void*, size_t, void* tool) {
    static_cast<Releases*>(tool)->choose(1);
  }

  void choose(uint64_t value) {
    if (shared_) {
      word_.set(value);
    } else {
      thread_->set(thread_word_, value);
    }
  }

  void start_thread() {
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    std::thread([this] { watch(); }).detach();
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }

  /// Once for each loop, some time after it has begun.
  void watch() {
    uint64_t seen = 0;
    for (;;) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      const std::lock_guard held(lock_);
      if (loops_begun_ == seen) continue;
      if (!late_) {
        late_ = true;
        continue;
      }
      late_ = false;
      seen = loops_begun_;
      choose(1);
    }
  }

  bool shared_ = false;
  bool flushes_ = false;
  weft::Counter word_;
  weft::ThreadCounter thread_word_;
  weft::Versions versions_;
  weft::Buffer buffer_;
  std::vector<weft::Range> loops_;
  weft::Thread* thread_ = nullptr;
  std::mutex lock_;
  uint64_t loops_begun_ = 0;  ///< under lock_
  bool late_ = false;         ///< the watcher's alone
};

}  // namespace

WEFT_TOOL(Releases);

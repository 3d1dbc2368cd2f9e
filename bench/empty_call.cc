// A tool that makes a clean call in each block that runs a lot: what a call costs. For a loop:
//   weft run --tool build/release/bench/empty_call.so[:full] -- luajit -joff -e 'for i = 1, 1e7 do
//   end'
#include <chrono>
#include <cstdio>

#include "weft/tool.h"

namespace {

using Clock = std::chrono::steady_clock;

class EmptyCall final : public weft::Tool {
 public:
  void declare(weft::OptionList& options) override {
    options.add_flag("full", false, "by a function for which all state has to be saved");
    options.add_flag("calls", true, "off: only a counter, for comparison");
  }
  void on_start(weft::Process&, const weft::Options& options) override {
    full_ = options.flag("full");
    makes_calls_ = options.flag("calls");
    start_ = Clock::now();
  }
  void on_block(weft::Block& block) override {
    if (makes_calls_) block.before(0).call(full_ ? count_fully : count, &calls_);
  }
  void on_exit(weft::Process&, int) override {
    const std::chrono::duration<double, std::nano> time = Clock::now() - start_;
    std::fprintf(stderr, "%lu calls in %.3f s", calls_, time.count() / 1e9);
    if (calls_ != 0)
      std::fprintf(stderr, ": %.1f ns each", time.count() / static_cast<double>(calls_));
    std::fputc('\n', stderr);
  }

 private:
  WEFT_GENERAL_REGISTERS_ONLY static void count(uint64_t* calls) { ++*calls; }
  static void count_fully(uint64_t* calls) {
    ++*calls;
    asm volatile("pxor %%xmm0, %%xmm0" ::: "xmm0");
  }

  bool full_ = false;
  bool makes_calls_ = true;
  uint64_t calls_ = 0;
  Clock::time_point start_;
};

}  // namespace

WEFT_TOOL(EmptyCall);

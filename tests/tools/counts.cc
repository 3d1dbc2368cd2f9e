// Counts executed instructions and blocks in every way that there is, and prints the sums: they
// have to agree.
#include <atomic>
#include <cstdio>
#include <string>

#include "weft/tool.h"

namespace {

std::atomic<uint64_t> g_threads{0};
std::atomic<uint64_t> g_ended{0};

class Counts final : public weft::Tool {
 public:
  std::string_view summary() const override { return "counts instructions in several ways"; }

  void declare(weft::OptionList& options) override {
    options.add_flag("calls", false, "count by clean calls, too");
    options.add_flag("each", false, "count in front of each instruction, not once a block");
    options.add_text("output", "", "a file instead of standard error");
    options.add_number("from", 0, "count only instructions from here on");
    options.add_number("to", ~uint64_t{0}, "and before here");
  }

  void on_start(weft::Process& process, const weft::Options& options) override {
    process_ = &process;
    calls_ = options.flag("calls");
    each_ = options.flag("each");
    output_ = options.text("output");
    from_ = options.number("from");
    to_ = options.number("to");
    per_thread_ = process.new_thread_counter();
    by_call_ = process.new_thread_counter();
    tally_ = process.new_tally();
    atomic_ = process.new_counter();
    plain_ = process.new_counter();
  }

  void on_block(weft::Block& block) override {
    if (each_) {
      for (size_t i = 0; i < block.size(); ++i) add(block.before(i), 1, block[i].pc());
      return;
    }
    uint32_t counted = 0;
    for (const weft::Instruction& instruction : block) counted += within(instruction.pc());
    if (counted == 0) return;
    count(block.anywhere(), static_cast<int>(counted));
    if (calls_) {
      block.before(0).call(by_call, weft::current_thread(), weft::Value(by_call_.slot()), counted);
    }
  }

  void on_thread_start(weft::Thread&) override { ++g_threads; }
  void on_thread_exit(weft::Thread&) override { ++g_ended; }
  void on_fork(weft::Process& process, weft::Thread&) override {
    process.reset(per_thread_);
    process.reset(by_call_);
    process.reset(tally_);
    plain_.set(0);
    atomic_.set(0);
  }

  void on_exit(weft::Process& process, int status) override {
    FILE* out = stderr;
    if (!output_.empty()) out = std::fopen(process.output_name(output_).c_str(), "w");
    if (out == nullptr) return;
    const uint64_t tally = process.sum(tally_);
    const bool exact = tally == process.sum(per_thread_) && tally == atomic_.get();
    std::fprintf(out,
                 "counts: thread=%lu atomic=%lu plain=%lu call=%lu threads=%lu ended=%lu status=%d "
                 "tally=%lu exact=%s\n",
                 process.sum(per_thread_), atomic_.get(), plain_.get(), process.sum(by_call_),
                 g_threads.load(), g_ended.load(), status, tally, exact ? "yes" : "no");
    std::fflush(out);
  }

 private:
  static void by_call(weft::Thread& thread, uint32_t slot, uint32_t amount) {
    const weft::ThreadCounter counter(slot);
    thread.set(counter, thread.get(counter) + amount);
  }

  bool within(weft::Address pc) const { return pc >= from_ && pc < to_; }
  void add(weft::Insertion at, int amount, weft::Address pc) {
    if (!within(pc)) return;
    count(at, amount);
    if (calls_) at.call(by_call, weft::current_thread(), weft::Value(by_call_.slot()), amount);
  }
  void count(weft::Insertion at, int amount) {
    at.add(per_thread_, amount);
    at.add(tally_, amount);
    at.add_atomic(atomic_, amount);
    at.add(plain_, amount);
  }

  weft::Process* process_ = nullptr;
  bool calls_ = false;
  bool each_ = false;
  std::string output_;
  weft::Address from_ = 0;
  weft::Address to_ = 0;
  weft::ThreadCounter per_thread_;
  weft::ThreadCounter by_call_;
  weft::Tally tally_;
  weft::Counter atomic_;
  weft::Counter plain_;
};

}  // namespace

WEFT_TOOL(Counts);

// deleter: deletes code from clean calls while the program runs, its own block's among it. To test
// weft and other tools: the program must not notice. `--stress-delete=RATE,calls` is this tool.
//
// Each block counts; every n-th time that a thread enters one, it calls. What is deleted is chosen
// among the blocks shown last, live or not.
#include <fmt/format.h>

#include <array>
#include <atomic>

#include "common/output_file.h"
#include "weft/tool.h"

namespace weft::tools {
namespace {

/// Turns a counter into numbers that look random (splitmix64).
uint64_t scramble(uint64_t value) {
  value += 0x9E3779B97F4A7C15u;
  value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9u;
  value = (value ^ value >> 27) * 0x94D049BB133111EBu;
  return value ^ value >> 31;
}

class Deleter final : public Tool {
 public:
  std::string_view summary() const override {
    return "deletes code from clean calls, to test weft and other tools";
  }

  void declare(OptionList& list) override {
    list.add_number("every", 100, "blocks that a thread enters from one call to the next");
    list.add_number("seed", 1, "chooses what is deleted");
    list.add_flag("stats", false, "tell how many calls deleted something");
  }

  void on_start(Process& process, const Options& options) override {
    const uint64_t every = options.number("every");
    if (every < kLeast || every > INT32_MAX) process.fail("every must be at least 10, and 31 bits");
    every_ = static_cast<int32_t>(every);
    if (options.flag("stats")) stats_stream_ = process.error_stream();
    asked_ = options.number("seed") << 32;
    code_ = &process.code();
    entered_ = process.new_thread_counter();
  }

  void on_block(Block& block) override {
    tags_[shown_++ % kTags] = block.tag();
    // Its word is no longer that of a call when the call is made: after a redirection the block
    // starts over, and counts on.
    constexpr int32_t kDue = -1;
    block.before(0).add(entered_);
    block.before(0).if_equal(entered_, every_).set(entered_, kDue);
    block.before(0).if_equal(entered_, kDue).call(strike, this, block.tag(), call_context());
  }

  void on_exit(Process& /*process*/, int /*status*/) override {
    if (stats_stream_ < 0) return;
    tell(stats_stream_,
         fmt::format("deleter: {} calls deleted, {} their own block, {} went on elsewhere\n",
                     deleted_.load(), own_.load(), redirected_.load()));
  }

 private:
  /// At first a program does little but be translated: fewer blocks would bring it no further.
  static constexpr uint64_t kLeast = 10;
  static constexpr size_t kTags = 4096;

  static void strike(Deleter* tool, Address own, CallContext& context) {
    tool->strike_from(own, context);
  }

  void strike_from(Address own, CallContext& context) {
    const uint64_t random = scramble(asked_++);
    constexpr uint64_t kKinds = 8;  // of 8 calls 2 delete their own block; 1 of them starts it over
    const uint64_t kind = random % kKinds;
    const bool mine = kind < 2;
    const Address tag = mine ? own : tags_[(random >> 8) % kTags].load();
    if (tag == 0 || !code_->delete_fragment(tag).any()) return;
    ++deleted_;
    if (!mine) return;
    ++own_;
    if (kind != 0) return;
    ++redirected_;
    context.redirect(own);
  }

  Code* code_ = nullptr;
  ThreadCounter entered_;
  int32_t every_ = 0;
  int stats_stream_ = -1;  ///< descriptor; -1: no statistics wanted
  std::array<std::atomic<Address>, kTags> tags_{};
  std::atomic<size_t> shown_{0};
  std::atomic<uint64_t> asked_{0};
  std::atomic<uint64_t> deleted_{0};
  std::atomic<uint64_t> own_{0};
  std::atomic<uint64_t> redirected_{0};
};

}  // namespace
}  // namespace weft::tools

using weft::tools::Deleter;
WEFT_TOOL(Deleter);

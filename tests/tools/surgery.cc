// One part of the interface a mode, on the loop of counted_loop.S: whose second block is `add; dec;
// jnz`, 1000 times. Prints what came of it.
#include <atomic>
#include <cstdio>
#include <string>

#include "weft/tool.h"

namespace {

std::atomic<uint64_t> g_calls{0};
std::atomic<uint64_t> g_bytes{0};
std::atomic<uint64_t> g_sum{0};
std::atomic<uint64_t> g_deleted{0};
std::atomic<uint64_t> g_built{0};
weft::Code* g_code = nullptr;

class Surgery final : public weft::Tool {
 public:
  void declare(weft::OptionList& options) override {
    options.add_text("mode", "record", "record, delete, redirect, remove, replace, guard or once");
  }

  void on_start(weft::Process& process, const weft::Options& options) override {
    mode_ = options.text("mode");
    g_code = &process.code();
    buffer_ = process.new_buffer(16, 64, flush, nullptr);
    counter_ = process.new_thread_counter();
    limited_ = process.new_thread_counter();
    once_ = process.new_counter();
  }

  void on_block(weft::Block& block) override {
    const bool loop =
        block.size() == 3 && block[2].kind() == weft::InstructionKind::kConditionalJump;
    if (!loop) return;
    if (mode_ == "record") {
      block.before(1).record(buffer_, {{weft::register_value(weft::Register::kRcx), 8},
                                       {block[1].pc(), 4},
                                       {weft::thread_id(), 4}});
    } else if (mode_ == "delete") {
      block.before(1).call(delete_own, block.tag());
    } else if (mode_ == "redirect") {
      block.before(2).call(redirect, weft::call_context(), block[2].next());
    } else if (mode_ == "remove") {
      block.remove(0);
      block.before(2).call(note, weft::register_value(weft::Register::kRax));
    } else if (mode_ == "replace") {
      const uint8_t add_two[] = {0x48, 0x83, 0xC0, 0x02};  // add rax, 2
      block.replace(0, add_two);
      block.before(2).call(note, weft::register_value(weft::Register::kRax));
    } else if (mode_ == "guard") {
      block.before(1).add(limited_);
      block.after(1).if_less(limited_, 11).add(counter_);
      block.before(2).if_equal(limited_, 500).call(note, weft::thread_counter(counter_));
    } else if (mode_ == "once") {
      ++g_built;
      block.anywhere().set_once(once_, 7);
      block.before(2).call(take, once_.cell());
    }
  }

  void on_fragment_deleted(const weft::FragmentInfo&) override { ++g_deleted; }

  void on_exit(weft::Process&, int) override {
    const bool once = g_sum >= 7 && g_sum <= 7 * g_built;
    std::fprintf(stderr, "surgery: calls=%lu sum=%lu bytes=%lu deleted=%d once=%d\n",
                 g_calls.load(), g_sum.load(), g_bytes.load(), g_deleted.load() != 0 ? 1 : 0,
                 once ? 1 : 0);
  }

 private:
  static void flush(weft::Thread&, const void* records, size_t bytes, void*) {
    g_bytes += bytes;
    const auto* words = static_cast<const uint64_t*>(records);
    for (size_t i = 0; i < bytes / 8; i += 2) g_sum += words[i];
  }
  static void delete_own(weft::Address tag) {
    ++g_calls;
    if (g_code->delete_fragment(tag).any()) ++g_sum;
  }
  static void redirect(weft::CallContext& context, weft::Address to) {
    if (++g_calls == 10) context.redirect(to);
  }
  static void take(uint64_t* word) {
    ++g_calls;
    g_sum += *word;
    *word = 0;
  }
  static void note(uint64_t value) {
    ++g_calls;
    g_sum = value;
  }

  std::string mode_;
  weft::Buffer buffer_;
  weft::ThreadCounter counter_;
  weft::ThreadCounter limited_;
  weft::Counter once_;
};

}  // namespace

WEFT_TOOL(Surgery);

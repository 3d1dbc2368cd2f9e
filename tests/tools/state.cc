// What clean calls and conditions see and change of the program's state, on the loop of state.S:
// 100 rounds of `mov rsi, [rbx]; xor edi, edi; inc rdi; adc r8, 0; dec ecx; jnz`.
#include <cstdio>
#include <cstring>
#include <iterator>

#include "weft/tool.h"

namespace {

using weft::Register;

constexpr uint64_t kCarry = 1;
constexpr size_t kXmm3 = 160 + 3 * 16;  // in the standard XSAVE format
constexpr uint64_t kInXmm3 = 7;
constexpr uint64_t kInMemory = 5;

class State final : public weft::Tool {
 public:
  void on_start(weft::Process& process, const weft::Options&) override {
    process_ = &process;
    error_stream_ = process.error_stream();
    key_ = process.new_thread_key();
    rounds_ = process.new_thread_counter();
    gate_ = process.new_thread_counter();
    shared_gate_ = process.new_counter();
    for (weft::Counter& count : counts_) count = process.new_counter();
    program_ = !process.is_child() && process.arguments().size() == 1;
  }

  void on_thread_start(weft::Thread& thread) override { thread.data(key_) = this; }

  void on_block(weft::Block& block) override {
    if (block.size() != 6 || block[0].details().mnemonic != "mov") return;
    analysed_ = is_analysed(block);
    block.before(0).add(rounds_);
    block.after(0).if_equal(rounds_, 30).set(gate_, 1);
    block.before(1).if_zero(gate_).add(counts_[0]);
    block.before(1).if_nonzero(gate_).add(counts_[1]);
    block.before(1).if_equal(rounds_, 60).add(shared_gate_);
    block.before(2).if_zero(shared_gate_).add(counts_[2]);
    block.before(2).if_nonzero(shared_gate_).add(counts_[3]);
    block.before(2).call(&change, this, weft::call_context());
  }

  void on_exit(weft::Process& process, int status) override {
    dprintf(error_stream_,
            "state: status=%d conditions=%lu,%lu,%lu,%lu analysed=%d program=%d wrong=%d sum=%lu\n",
            status, counts_[0].get(), counts_[1].get(), counts_[2].get(), counts_[3].get(),
            analysed_, program_, wrong_, process.sum(rounds_));
  }

 private:
  static bool is_analysed(const weft::Block& block) {
    const Register dead = block.dead_register({0, false});
    bool right = dead == Register::kRsi || dead == Register::kRdi;
    right &= block.dead_register({5, false}) == Register::kNone;
    const bool flags_dead[] = {true, true, false, false, false, false};
    for (uint32_t i = 0; i < std::size(flags_dead); ++i)
      right &= block.flags_dead({i, false}) == flags_dead[i];
    right &= block.can_insert_after(0) && !block.can_insert_after(5);
    right &= !block[0].transfers_control() && block[5].transfers_control();
    return right && block[5].target() == block.tag() && block[0].length() == 3;
  }

  // In front of `inc`, which leaves the carry to `adc`.
  static void change(State* tool, weft::CallContext& context) {
    weft::Process& process = *tool->process_;
    const weft::Address base = context.get(Register::kRbx);
    uint64_t words[2] = {0, 0};
    bool right = process.read_memory(base, words, sizeof words) == sizeof words;
    right &= words[0] == context.get(Register::kRsi) && words[1] == 2;
    right &= process.read_memory(0, words, sizeof words) == 0;
    right &= process.write_memory(1, words, sizeof words) == 0;
    right &= context.fs_base() == base && context.gs_base() == base + 8;
    right &= (context.flags() & kCarry) == 0;
    const weft::Module* module = process.module_at(context.pc());
    right &= module != nullptr && module->path == process.program();
    right &= process.module_at(1) == nullptr;
    right &= context.thread().data(tool->key_) == tool;
    tool->wrong_ += right ? 0 : 1;

    context.set_flags(context.flags() | kCarry);
    std::memcpy(static_cast<uint8_t*>(context.xsave()) + kXmm3, &kInXmm3, sizeof kInXmm3);
    if (context.thread().get(tool->rounds_) == 50)
      process.write_memory(base, &kInMemory, sizeof kInMemory);
  }

  weft::Process* process_ = nullptr;
  int error_stream_ = 2;
  uint32_t key_ = 0;
  weft::ThreadCounter rounds_;
  weft::ThreadCounter gate_;
  weft::Counter shared_gate_;
  weft::Counter counts_[4];
  bool analysed_ = false;
  bool program_ = false;
  int wrong_ = 0;
};

}  // namespace

WEFT_TOOL(State);

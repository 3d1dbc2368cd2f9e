// afl: runs a program for afl-fuzz and its family (-Q), with a fork server and counted edges.
#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <mutex>

#include "afl/coverage_map.h"
#include "afl/fork_server.h"
#include "afl/input.h"
#include "afl/persistent_loop.h"
#include "afl/settings.h"
#include "common/output_file.h"
#include "weft/symbols.h"
#include "weft/tool.h"

namespace weft::tools::afl {
namespace {

class Afl final : public Tool {
 public:
  std::string_view summary() const override {
    return "serves afl-fuzz, afl-showmap, afl-cmin and afl-tmin (-Q): fork server and edges";
  }

  void declare(OptionList& list) override { declare_settings(list); }

  void on_start(Process& process, const Options& options) override {
    process_ = &process;
    settings_ = read_settings(process, options);
    map_.start(process);
    input_.start(process);
    served_ = process.new_counter();
    if (!settings_.hook.empty()) wants_input_ = loop_.load_hook(process, settings_.hook);
  }

  void on_module_load(const Module& module) override {
    if (program_ != nullptr || module.path != process_->program()) return;
    program_ = &module;
    find_places();
  }

  void on_block(Block& block) override {
    server_.note_translated(block.tag());
    if (program_ != nullptr) {
      if (block.tag() == program_->entry && entry_ == 0) entry_ = main_of(block);
      // Ahead of the edge: what is counted belongs to the round that the call begins.
      for (size_t i = 0; i < block.size(); ++i) add_calls(block, i);
    }
    const Module* module = process_->module_at(block.tag());
    if (module != nullptr && is_wanted(block, *module)) map_.instrument(block, *module);
  }

  void on_fork(Process&, Thread& thread) override { map_.forget_block_before(thread); }

 private:
  Address place(const char* what, Address given) {
    const std::optional<Address> found = locate(given, *program_);
    if (!found) {
      process_->fail(
          fmt::format("{}={:#x} is not in {} ({:#x}-{:#x}); give its distance from the start", what,
                      given, program_->path, program_->range.start, program_->range.end));
    }
    return *found;
  }

  void find_places() {
    if (settings_.loop_start) {
      loop_start_ = place("AFL_QEMU_PERSISTENT_ADDR", *settings_.loop_start);
      entry_ = loop_start_;
    }
    if (settings_.loop_end) loop_end_ = place("AFL_QEMU_PERSISTENT_RET", *settings_.loop_end);
    if (settings_.entry) entry_ = place("AFL_ENTRYPOINT", *settings_.entry);
    if (loop_start_ == 0) harness_ = find_harness();
    if (harness_ != 0) wants_input_ = true;
  }

  Address find_harness() {
    constexpr std::string_view kUsual = "LLVMFuzzerTestOneInput";
    const std::string& name = settings_.harness;
    if (name == "none") return 0;
    if (name.starts_with("0x")) {
      return place("harness", std::strtoull(name.c_str(), nullptr, 16));
    }
    const std::unique_ptr<SymbolFile> file = SymbolFile::open(program_->path);
    const std::string_view wanted = name.empty() ? kUsual : std::string_view(name);
    const std::vector<uint64_t> found = file ? file->addresses_of(wanted) : std::vector<uint64_t>{};
    if (!found.empty()) return program_->bias + found.front();
    if (!name.empty()) process_->fail(fmt::format("{} has no function {}", program_->path, name));
    return 0;
  }

  /// The address that the program's first block hands to __libc_start_main, or, if it does not look
  /// like one of libc's, the block itself.
  static Address main_of(const Block& block) {
    constexpr auto kRdi = Register::kRdi;
    Address found = block.tag();
    for (const Instruction& instruction : block) {
      const auto operands = instruction.details().operands;
      if (operands.size() < 2 || operands[0].reg != kRdi || !operands[0].written) continue;
      const Operand& value = operands[1];
      const bool absolute = value.kind == Operand::Kind::kMemory && !value.read &&
                            value.base == Register::kNone && value.index == Register::kNone;
      if (absolute) found = static_cast<Address>(value.displacement);
      if (value.kind == Operand::Kind::kImmediate) found = static_cast<Address>(value.immediate);
    }
    return found;
  }

  static bool matches(const std::vector<CodeChoice>& choices, Address at, const Module& module) {
    for (const CodeChoice& choice : choices) {
      if (choice.module.empty() ? choice.range.contains(at)
                                : module.path.find(choice.module) != std::string::npos) {
        return true;
      }
    }
    return false;
  }

  bool is_wanted(const Block& block, const Module& module) const {
    if (matches(settings_.excluded, block.tag(), module)) return false;
    if (settings_.all_modules || &module == program_) return true;
    return matches(settings_.included, block.tag(), module);
  }

  void add_calls(Block& block, size_t index) {
    const Address pc = block[index].pc();
    Insertion here = block.before(index);
    if (pc == entry_) here.if_zero(served_).call(&Afl::serve, this, call_context());
    if (pc == loop_start_ && loop_start_ != 0) here.call(&Afl::at_loop_start, this, call_context());
    if (harness_ != 0 && pc == entry_) here.call(&Afl::at_harness, this, call_context());
    const Address end = loop_end_ != 0 ? loop_end_ : return_address_.load();
    if (pc == end && end != 0) here.call(&Afl::at_loop_end, this, call_context());
  }

  static void serve(Afl* self, CallContext* context) {
    if (self->served_.get() != 0) return;
    self->served_.set(1);
    ForkServerOptions options;
    options.map_size = self->map_.size();
    options.shared_input = self->wants_input_ && self->input_.is_shared();
    options.loops = self->loop_start_ != 0 || self->harness_ != 0;
    options.new_protocol = self->settings_.new_protocol;
    options.debug = self->settings_.debug;
    self->is_served_ =
        self->map_.is_shared() && self->server_.serve(*self->process_, context->thread(), options);
  }

  static void at_loop_start(Afl* self, CallContext* context) {
    PersistentLoop& loop = self->loop_;
    if (!loop.is_running()) {
      loop.begin(*context, self->loop_start_, self->settings_.rounds);
      if (self->loop_end_ == 0) self->watch_return(*context);
    }
    self->map_.forget_block_before(context->thread());
    if (loop.has_hook()) loop.run_hook(*context, self->input_);
  }

  /// From now on the place to which the loop's function returns ends a round.
  void watch_return(const CallContext& context) {
    const uint64_t slot = context.get(Register::kRsp) + settings_.return_offset;
    Address back = 0;
    if (process_->read_memory(slot, &back, sizeof back) != sizeof back) return;
    return_address_ = back;
    process_->code().delete_fragment(back);
    process_->code().delete_region({back, back + 1});
  }

  static void at_loop_end(Afl* self, CallContext* context) {
    if (self->loop_.is_running()) self->end_round(*context);
  }

  static void at_harness(Afl* self, CallContext* context) {
    if (self->loop_.is_running()) {
      self->end_round(*context);
    } else {
      self->loop_.begin(*context, self->entry_, self->settings_.rounds);
    }
    self->map_.forget_block_before(context->thread());
    self->loop_.call_with_input(*context, self->harness_, self->entry_, self->input_);
  }

  void end_round(CallContext& context) {
    // Nobody waits for a further round: one input, given by hand.
    if (!is_served_ || !loop_.next(context)) _exit(0);
  }

  Process* process_ = nullptr;
  Settings settings_;
  CoverageMap map_;
  ForkServer server_;
  PersistentLoop loop_;
  Input input_;
  Counter served_;            ///< 1 once the server has begun
  bool wants_input_ = false;  ///< by shared memory, if afl-fuzz offers it
  bool is_served_ = false;
  const Module* program_ = nullptr;
  std::atomic<Address> entry_{0};
  Address loop_start_ = 0;
  Address loop_end_ = 0;
  Address harness_ = 0;
  std::atomic<Address> return_address_{0};
};

}  // namespace
}  // namespace weft::tools::afl

WEFT_TOOL(weft::tools::afl::Afl);

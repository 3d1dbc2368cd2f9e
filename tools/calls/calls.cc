// calls: who calls whom, and what it costs, in callgrind's format or as stacks.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "calls/call_stack.h"
#include "calls/stack_profiles.h"
#include "common/block_table.h"
#include "common/callgrind.h"
#include "common/report_parts.h"
#include "common/report_tool.h"
#include "weft/symbols.h"

namespace weft::tools {
namespace {

class Calls final : public ReportTool {
 public:
  std::string_view summary() const override {
    return "profiles instructions and calls by function and line (callgrind's format, or stacks)";
  }

  void declare(OptionList& list) override {
    list.add_text("output", "",
                  "file to write; %p is the process number, - is standard error (default "
                  "callgrind.out.%p, calls.%p.collapsed or calls.%p.pb)");
    list.add_text("format", "callgrind",
                  "callgrind, collapsed (a line a stack, as flame graphs are made of) or pprof");
  }

  std::string default_output(const Options& options) override {
    const std::string format = options.text("format");
    if (format == "collapsed") return "calls.%p.collapsed";
    return format == "pprof" ? "calls.%p.pb" : "callgrind.out.%p";
  }

  void start(Process& process, const Options& options) override {
    format_ = options.text("format");
    if (format_ != "callgrind" && format_ != "collapsed" && format_ != "pprof")
      process.fail("format must be callgrind, collapsed or pprof");
    executed_ = process.new_thread_counter();
    stacks_ = ThreadData<ThreadCalls>(process);
  }

  void on_thread_start(Thread& thread) override {
    counters_.thread_started(process());
    const std::lock_guard guard(mutex_);
    ThreadCalls& calls = stacks_.get(thread);
    if (shows_stacks()) calls.stack.keep_tree();
    live_.push_back({&thread, &calls});
  }

  void on_thread_exit(Thread& thread) override {
    const std::lock_guard guard(mutex_);
    if (std::erase_if(live_, [&](const Live& live) { return live.thread == &thread; }) != 0)
      take(thread);
  }

  void on_block(Block& block) override {
    if (!shows_stacks()) counters_.count(block, table_.record(process(), block));
    // In front of everything, so that calls and returns see their own block counted.
    block.before(0).add(executed_, static_cast<int32_t>(block.size()));
    const size_t last = block.size() - 1;
    const Instruction& instruction = block[last];
    const Insertion place = block.before(last);
    switch (instruction.kind()) {
      case InstructionKind::kCall:
        add_call(place, instruction, Value(instruction.target()));
        break;
      case InstructionKind::kIndirectCall:
        add_call(place, instruction, target_of(instruction));
        break;
      case InstructionKind::kReturn:
        Insertion(place).call(&on_return, this, current_thread(), register_value(Register::kRsp));
        break;
      case InstructionKind::kIndirectJump:
        if (is_stub(block))
          Insertion(place).call(&on_stub, this, current_thread(), target_of(instruction));
        break;
      default:
        break;
    }
  }

  std::string report(Process& process) override {
    Symbols symbols;
    add_modules(symbols, process);
    return shows_stacks() ? stacks(process, symbols) : callgrind(process, symbols);
  }

  std::string callgrind(Process& process, const Symbols& symbols) {
    CallgrindProfile profile;
    for (const BlockRecord* record : table_.sorted()) add_cost(profile, symbols, *record);
    for (const auto& [edge, cost] : totals().costs) {
      const auto [caller, line] = function_at(symbols, edge.site);
      profile.add_call(caller, line, function_at(symbols, edge.callee).first, cost.calls,
                       cost.inclusive);
    }
    return profile.text(command_line(process.arguments()), process.id());
  }

  std::string stacks(Process& process, const Symbols& symbols) {
    const CallTree tree = totals().tree;
    if (tree.left_out() != 0) {
      complain(fmt::format("calls: more than {} different stacks: {} calls count for their callers",
                           CallTree::kMostNodes, tree.left_out()));
    }
    const std::string program = called_as(process);
    return format_ == "pprof" ? pprof_stacks(tree, symbols, program)
                              : collapsed_stacks(tree, symbols, program);
  }

  void restart(Process& process, Thread& thread) override {
    const std::lock_guard guard(mutex_);
    process.reset(executed_);
    counters_.restart();
    table_.reset();
    ended_ = {};
    ThreadCalls& calls = stacks_.get(thread);
    calls.stack.clear();
    live_.assign(1, {&thread, &calls});
  }

 private:
  /// The lock is for the report, which is made while other threads may still run.
  struct ThreadCalls {
    std::mutex mutex;
    CallStack stack;
  };
  /// Costs, or the tree, as the format wants it.
  struct Totals {
    void add(const CallStack& stack) {
      for (const auto& [edge, cost] : stack.costs()) {
        costs[edge].calls += cost.calls;
        costs[edge].inclusive += cost.inclusive;
      }
      if (stack.tree()) tree.add(*stack.tree());
    }
    CallCosts costs;
    CallTree tree;
  };
  struct Live {
    const Thread* thread;
    ThreadCalls* calls;
  };

  void add_call(Insertion place, const Instruction& instruction, Value target) {
    place.call(&on_call, this, current_thread(), instruction.pc(), target,
               register_value(Register::kRsp));
  }

  static Value target_of(const Instruction& instruction) {
    const auto operands = instruction.details().operands;
    for (size_t i = 0; i < operands.size(); ++i) {
      if (operands[i].implicit) continue;
      if (operands[i].kind == Operand::Kind::kMemory) return memory_value(static_cast<int>(i));
      if (operands[i].kind == Operand::Kind::kRegister) return register_value(operands[i].reg);
    }
    return {};
  }

  /// A few instructions that end in an indirect jump, in no function that has a name: .plt and
  /// .plt.sec.
  bool is_stub(const Block& block) {
    constexpr size_t kLongestStub = 3;
    const Instruction& last = block[block.size() - 1];
    if (block.size() > kLongestStub || last.details().operands.empty() ||
        last.details().operands[0].kind != Operand::Kind::kMemory)
      return false;
    const Module* module = process().module_at(block.tag());
    if (module == nullptr) return false;
    const std::lock_guard guard(mutex_);
    std::shared_ptr<const SymbolFile>& file = files_[module->number];
    if (!file) file = SymbolFile::open(module->path);
    return file && file->function_at(block.tag() - module->bias) == nullptr;
  }

  static void on_call(Calls* tool, Thread& thread, Address site, Address callee, Address stack) {
    ThreadCalls& calls = tool->stacks_.get(thread);
    const std::lock_guard guard(calls.mutex);
    calls.stack.call({site, callee}, stack, thread.get(tool->executed_));
  }
  static void on_return(Calls* tool, Thread& thread, Address stack) {
    ThreadCalls& calls = tool->stacks_.get(thread);
    const std::lock_guard guard(calls.mutex);
    calls.stack.returned(stack, thread.get(tool->executed_));
  }
  static void on_stub(Calls* tool, Thread& thread, Address callee) {
    ThreadCalls& calls = tool->stacks_.get(thread);
    const std::lock_guard guard(calls.mutex);
    calls.stack.forwarded(callee);
  }

  /// With mutex_ held: the calls of a thread that ends.
  void take(Thread& thread) {
    CallStack& stack = stacks_.get(thread).stack;
    stack.finish(thread.get(executed_));
    ended_.add(stack);
    stacks_.release(thread);
  }

  /// Of threads that have ended, and of those that still run.
  Totals totals() {
    const std::lock_guard guard(mutex_);
    Totals all = ended_;
    for (const Live& live : live_) {
      const std::lock_guard stack_guard(live.calls->mutex);
      CallStack copy = live.calls->stack;
      copy.finish(live.thread->get(executed_));
      all.add(copy);
    }
    return all;
  }

  bool shows_stacks() const { return format_ != "callgrind"; }

  static std::pair<ProfileFunction, uint32_t> function_at(const Symbols& symbols, Address pc) {
    const Location where = symbols.find(pc);
    const SourceLine source = line_of(symbols, where);
    return {{where.module, source.file, function_name(where)}, source.line};
  }

  static void add_cost(CallgrindProfile& profile, const Symbols& symbols,
                       const BlockRecord& record) {
    const uint64_t executions = record.executions.get();
    if (executions == 0) return;
    Address pc = record.range.start;
    for (const uint8_t length : record.lengths) {
      const auto [function, line] = function_at(symbols, pc);
      profile.add_cost(function, line, executions);
      pc += length;
    }
  }

  BlockTable table_;
  BlockCounters counters_;
  ThreadCounter executed_;
  ThreadData<ThreadCalls> stacks_;
  std::mutex mutex_;
  std::vector<Live> live_;
  Totals ended_;
  std::string format_ = "callgrind";
  std::map<uint32_t, std::shared_ptr<const SymbolFile>> files_;  ///< by number of module
};

}  // namespace
}  // namespace weft::tools

WEFT_TOOL(weft::tools::Calls);

// trace: answers a question about the program, asked in the language of weft trace (docs/trace.md).
#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>

#include "common/output_file.h"
#include "syscalls/names.h"
#include "trace/counts.h"
#include "trace/evaluator.h"
#include "trace/map_use.h"
#include "trace/sites.h"
#include "trace/sum_code.h"
#include "trace/sums.h"

namespace weft::tools::trace {
namespace {

using Kind = Probe::Kind;

/// The script on its way through an option, which can hold neither commas nor new lines.
std::string from_hex(const std::string& hex) {
  std::string text;
  for (size_t i = 0; i + 1 < hex.size(); i += 2) {
    text += static_cast<char>(std::strtoul(hex.substr(i, 2).c_str(), nullptr, 16));
  }
  return text;
}

class Trace final : public Tool {
 public:
  std::string_view summary() const override {
    return "answers a question about the program; asked by 'weft trace'";
  }

  void declare(OptionList& list) override {
    list.add_text("script", "", "the script, two hexadecimal digits a byte");
    list.add_text("format", "text", "text or json");
    list.add_text("output", "-", "file for the answer; - is standard error");
    list.add_number("duration", 0, "seconds after which the answer is given; 0: at the end");
  }

  void on_start(Process& process, const Options& options) override {
    process_ = &process;
    text_ = from_hex(options.text("script"));
    try {
      script_ = parse(text_);
    } catch (const ScriptError& error) {
      process.fail(describe(error, text_));
    }
    if (options.text("format") != "text" && options.text("format") != "json") {
      process.fail("format is text or json");
    }
    choose_output(process, options.text("output"));
    evaluator_.start(
        process, [this](const std::string& line) { print(line); },
        options.text("format") == "json");
    duration_ms_ = options.number("duration") * 1000;
    counts_.start(process);
    sums_.start(process);
    sites_.start(script_);
    maps_in_use_ = maps_in_use(script_);
    check_syscalls(process);
    run_all(Kind::kBegin, {});
    start_clock();
  }

  void on_exit(Process&, int) override { finish(true); }
  void on_exec(Process&) override { finish(false); }

  void on_fork(Process&, Thread&) override {
    // What the parent counted is the parent's. The clock's thread is not in the child.
    collect();
    evaluator_.maps().forget();
    static_cast<void>(clock_.release());
    start_clock();
  }

  void on_module_load(const Module& module) override {
    evaluator_.add_module(module);
    for (const CodeSites::Returned& each : places_in(module)) {
      const CodeSite& kept = returns_.emplace_back(each.site);
      process_->functions().wrap(each.function, {}, [this, &kept](FunctionCall& call) {
        Site site;
        site.probe = kept.probe;
        site.function = kept.function;
        site.parameters = &kept.parameters;
        site.call = &call;
        site.returned = static_cast<int64_t>(call.result());
        evaluator_.run(*kept.action, site);
      });
    }
    Site site;
    site.name = module.path;
    run_all(Kind::kModuleLoad, site);
  }

  void on_block(Block& block) override {
    if (!evaluator_.is_active()) return;
    for (size_t i = 0; i < block.size(); ++i) {
      for (const CodeSite* site : sites_.at(block[i].pc())) add(block.before(i), *site);
      for_each_probe(
          [&](const Action& action, const Probe& probe) { add_by_kind(block, i, action, probe); });
    }
  }

  void on_syscall_before(SystemCall& call) override { on_syscall(call, Kind::kSyscall); }
  void on_syscall_after(SystemCall& call) override { on_syscall(call, Kind::kSyscallReturn); }

  void on_signal(const SignalInfo& info) override {
    Site site;
    site.argument = info.number;
    run_all(Kind::kSignal, site);
  }
  void on_thread_start(Thread& thread) override {
    sums_.start_thread(thread);
    on_thread(thread, Kind::kThreadStart);
  }
  void on_thread_exit(Thread& thread) override {
    on_thread(thread, Kind::kThreadEnd);
    sums_.end_thread(thread);
  }

 private:
  template <typename Visit>
  void for_each_probe(Visit visit) const {
    for (const Action& action : script_.actions) {
      for (const Probe& probe : action.probes) visit(action, probe);
    }
  }

  std::vector<CodeSites::Returned> places_in(const Module& module) {
    try {
      return sites_.add_module(module);
    } catch (const ScriptError& error) {
      process_->fail(describe(error, text_));
    }
    return {};
  }

  void run_all(Kind kind, Site site) {
    for_each_probe([&](const Action& action, const Probe& probe) {
      if (probe.kind != kind) return;
      site.probe = &probe;
      evaluator_.run(action, site);
    });
  }

  void on_thread(const Thread& thread, Kind kind) {
    Site site;
    site.argument = thread.id();
    run_all(kind, site);
  }

  void on_syscall(SystemCall& call, Kind kind) {
    const std::string name(syscall_name(call.number()).name);
    for_each_probe([&](const Action& action, const Probe& probe) {
      if (probe.kind != kind || !glob_matches(probe.name, name)) return;
      Site site;
      site.probe = &probe;
      site.name = name;
      site.syscall = &call;
      if (kind == Kind::kSyscallReturn) site.returned = call.result();
      evaluator_.run(action, site);
    });
  }

  void check_syscalls(Process& process) const {
    constexpr uint64_t kMostNumbers = 1024;
    for_each_probe([&](const Action&, const Probe& probe) {
      if (probe.kind != Kind::kSyscall && probe.kind != Kind::kSyscallReturn) return;
      for (uint64_t number = 0; number < kMostNumbers; ++number) {
        const std::string name(syscall_name(number).name);
        if (!name.empty() && glob_matches(probe.name, name)) return;
      }
      process.fail(describe(
          {probe.position, fmt::format("no system call is called '{}'", probe.name)}, text_));
    });
  }

  /// False: the action needs a call.
  bool add_inline(Insertion place, const CodeSite& site, const Access& access) {
    const Statement* const sum = sum_of(*site.action);
    if (sum == nullptr || maps_in_use_.contains(sum->target->text)) return false;
    if (!Counts::can(*site.action)) return sums_.add(place, site, access);
    counts_.add(place, site);
    return true;
  }

  void add(Insertion place, const CodeSite& site) {
    if (!add_inline(place, site, {})) place.call(&Trace::at_code, this, &site, call_context());
  }

  static void at_code(Trace* self, const CodeSite* code, CallContext* context) {
    Site site;
    site.probe = code->probe;
    site.function = code->function;
    site.parameters = &code->parameters;
    site.registers = context;
    self->evaluator_.run(*code->action, site);
  }

  void add_by_kind(Block& block, size_t index, const Action& action, const Probe& probe) {
    const Instruction& instruction = block[index];
    switch (probe.kind) {
      case Kind::kBlock:
        if (index == 0) add(block.before(0), kept_site(action, probe));
        return;
      case Kind::kInstruction:
        if (glob_matches(probe.name, std::string(instruction.details().mnemonic))) {
          add(block.before(index), kept_site(action, probe));
        }
        return;
      case Kind::kLoad:
      case Kind::kStore:
        add_accesses(block, index, action, probe);
        return add_listed_accesses(block, index, action, probe);
      default:
        return;
    }
  }

  void add_accesses(Block& block, size_t index, const Action& action, const Probe& probe) {
    const Instruction& instruction = block[index];
    for (int n = 0;; ++n) {
      const int number = instruction.memory_operand(n);
      if (number < 0) return;
      const Operand& operand = instruction.details().operands[static_cast<size_t>(number)];
      if (probe.kind == Kind::kLoad ? !operand.read : !operand.written) continue;
      const CodeSite& site = kept_site(action, probe);
      if (!add_inline(block.before(index), site, {number, operand.size})) {
        block.before(index).call(&Trace::at_access, this, &site, memory_address(number),
                                 uint64_t{operand.size}, call_context());
      }
    }
  }

  /// Of operands that may come to several accesses, or to none.
  void add_listed_accesses(Block& block, size_t index, const Action& action, const Probe& probe) {
    const Instruction& instruction = block[index];
    for (int n = 0;; ++n) {
      const int number = instruction.listed_operand(n);
      if (number < 0) return;
      block.before(index).call(&Trace::at_accesses, this, &kept_site(action, probe),
                               memory_accesses(number), call_context());
    }
  }

  static void at_accesses(Trace* self, const CodeSite* code, const MemoryAccesses& accesses,
                          CallContext* context) {
    const bool loads = code->probe->kind == Kind::kLoad;
    for (const MemoryAccess& each : accesses) {
      if (loads ? each.read : each.written) at_access(self, code, each.address, each.size, context);
    }
  }

  static void at_access(Trace* self, const CodeSite* code, uint64_t address, uint64_t size,
                        CallContext* context) {
    Site site;
    site.probe = code->probe;
    site.registers = context;
    site.address = address;
    site.size = size;
    self->evaluator_.run(*code->action, site);
  }

  /// One for each probe, however many places it has.
  const CodeSite& kept_site(const Action& action, const Probe& probe) {
    const std::lock_guard held(kept_mutex_);
    for (const CodeSite& each : kept_) {
      if (each.probe == &probe) return each;
    }
    return kept_.emplace_back(CodeSite{&action, &probe, {}, {}});
  }

  void choose_output(Process& process, const std::string& path) {
    if (path == "-") {
      stream_ = process.error_stream();
      return;
    }
    path_ = process.output_name(path);
  }

  void print(const std::string& text) {
    const std::lock_guard held(output_mutex_);
    if (path_.empty()) return tell(stream_, text);
    written_ += text;
  }

  /// Intervals and the duration, on a thread of the tool's own, if the script has any.
  void start_clock() {
    bool wanted = duration_ms_ != 0;
    for_each_probe(
        [&](const Action&, const Probe& probe) { wanted |= probe.kind == Kind::kInterval; });
    if (wanted)
      clock_ = std::make_unique<std::jthread>([this](const std::stop_token& stop) { tick(stop); });
  }

  void tick(const std::stop_token& stop) {
    constexpr uint64_t kTick = 10;
    const auto start = std::chrono::steady_clock::now();
    uint64_t before = 0;
    while (!stop.stop_requested() && evaluator_.is_active()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(kTick));
      const auto passed = std::chrono::steady_clock::now() - start;
      const auto now = static_cast<uint64_t>(
          std::chrono::duration_cast<std::chrono::milliseconds>(passed).count());
      for_each_probe([&](const Action& action, const Probe& probe) {
        if (probe.kind != Kind::kInterval || now / probe.number == before / probe.number) return;
        collect();
        Site site;
        site.probe = &probe;
        evaluator_.run(action, site);
      });
      before = now;
      if (duration_ms_ != 0 && now >= duration_ms_) return finish(true);
    }
    if (!evaluator_.is_active()) finish(true);
  }

  void tell_of_probes_without_places() {
    for_each_probe([&](const Action&, const Probe& probe) {
      const bool has_places = probe.kind == Kind::kFunction || probe.kind == Kind::kReturn ||
                              probe.kind == Kind::kOffset || probe.kind == Kind::kLine;
      if (has_places && !sites_.has_places(probe)) {
        tell(process_->error_stream(),
             fmt::format("weft trace: '{}' is in no module that the program loaded\n", probe.text));
      }
    });
  }

  void collect() {
    counts_.collect(evaluator_.maps());
    sums_.collect(evaluator_.maps());
  }

  void finish(bool with_end) {
    if (finished_.exchange(true)) return;
    collect();
    if (with_end) run_all(Kind::kEnd, {});
    evaluator_.stop();
    print(evaluator_.all_maps());
    tell_of_probes_without_places();
    if (!path_.empty()) {
      const std::string error = write_file(path_, written_);
      if (!error.empty()) tell(process_->error_stream(), error);
    }
  }

  Process* process_ = nullptr;
  std::string text_;  ///< of the script
  Script script_;
  std::set<std::string> maps_in_use_;
  Evaluator evaluator_;
  CodeSites sites_;
  Counts counts_;
  Sums sums_;
  std::deque<CodeSite> returns_;  ///< hooks refer to them
  std::mutex kept_mutex_;
  std::deque<CodeSite> kept_;  ///< inserted calls refer to them
  std::mutex output_mutex_;
  int stream_ = 2;
  std::string path_;
  std::string written_;
  uint64_t duration_ms_ = 0;
  std::atomic<bool> finished_{false};
  std::unique_ptr<std::jthread> clock_;
};

}  // namespace
}  // namespace weft::tools::trace

WEFT_TOOL(weft::tools::trace::Trace);

// trace: answers a question about the program, asked in the language of weft trace (docs/trace.md).
#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

#include "common/output_file.h"
#include "syscalls/names.h"
#include "trace/control.h"
#include "trace/counts.h"
#include "trace/evaluator.h"
#include "trace/orders.h"
#include "trace/probes.h"
#include "trace/sites.h"
#include "trace/sum_code.h"
#include "trace/sums.h"
#include "trace/switching.h"

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
    list.add_text("control", "", "socket for orders while the program runs");
    list.add_number("duration", 0, "seconds after which the answer is given; 0: at the end");
  }

  void on_start(Process& process, const Options& options) override {
    process_ = &process;
    const std::string text = from_hex(options.text("script"));
    try {
      const Script& script = *probes_.add(text);
      check_syscalls(script);
      check_names(script);
    } catch (const ScriptError& error) {
      process.fail(describe(error, text));
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
    returns_.start(process,
                   [this](const CodeSite& site, FunctionCall& call) { at_return(site, call); });
    run_all(Kind::kBegin, {});
    start_clock();
    start_control(from_hex(options.text("control")));
  }

  void on_exit(Process&, int) override { finish(true); }
  void on_exec(Process&) override { finish(false); }

  void on_fork(Process&, Thread&) override {
    // What the parent counted is the parent's. The clock's thread is not in the child.
    collect();
    evaluator_.maps().forget();
    static_cast<void>(clock_.release());
    control_.forked();
    start_clock();
  }

  void on_module_load(const Module& module) override {
    evaluator_.add_module(module);
    probes_.for_each_script([&](const Script& script) {
      try {
        add_places(sites_, returns_, module, script);
      } catch (const ScriptError& error) {
        process_->fail(describe(error, probes_.text_of(script)));
      }
    });
    Site site;
    site.name = module.path;
    run_all(Kind::kModuleLoad, site);
  }

  void on_block(Block& block) override {
    if (!evaluator_.is_active()) return;
    for (size_t i = 0; i < block.size(); ++i) {
      for (const CodeSite* site : sites_.at(block[i].pc())) {
        if (Probes::is_on(*site->probe)) add(block.before(i), *site);
      }
      probes_.for_each_on(
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
  void at_return(const CodeSite& code, FunctionCall& call) {
    Site site;
    site.probe = code.probe;
    site.function = code.function;
    site.parameters = &code.parameters;
    site.call = &call;
    site.returned = static_cast<int64_t>(call.result());
    evaluator_.run(*code.action, site);
  }

  void run_all(Kind kind, Site site) {
    probes_.for_each_on([&](const Action& action, const Probe& probe) {
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
    probes_.for_each_on([&](const Action& action, const Probe& probe) {
      if (probe.kind != kind || !glob_matches(probe.name, name)) return;
      Site site;
      site.probe = &probe;
      site.name = name;
      site.syscall = &call;
      if (kind == Kind::kSyscallReturn) site.returned = call.result();
      evaluator_.run(action, site);
    });
  }

  /// False: the action needs a call.
  bool add_inline(Insertion place, const CodeSite& site, const Access& access) {
    const Statement* const sum = sum_of(*site.action);
    if (sum == nullptr || probes_.is_in_use(sum->target->text)) return false;
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
        if (index == 0) add(block.before(0), kept_site(action, probe, instruction.pc()));
        return;
      case Kind::kInstruction:
        if (glob_matches(probe.name, std::string(instruction.details().mnemonic))) {
          add(block.before(index), kept_site(action, probe, instruction.pc()));
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
      const CodeSite& site = kept_site(action, probe, instruction.pc());
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
      block.before(index).call(&Trace::at_accesses, this,
                               &kept_site(action, probe, instruction.pc()), memory_accesses(number),
                               call_context());
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

  /// One for each probe, however many places it has; where maps have the function as a key, one for
  /// each of its functions.
  const CodeSite& kept_site(const Action& action, const Probe& probe, Address pc) {
    const std::string function = has_function_key(action) ? evaluator_.function_at(pc) : "";
    const std::lock_guard held(kept_mutex_);
    return kept_.try_emplace({&probe, function}, CodeSite{&action, &probe, function, {}})
        .first->second;
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
    probes_.for_each(
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
      probes_.for_each_on([&](const Action& action, const Probe& probe) {
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

  void start_control(const std::string& path) {
    // A followed child is asked through its parent's socket no more than its parent.
    if (path.empty() || process_->is_child()) return;
    const auto clear = [this] { collect(), evaluator_.maps().forget(); };
    const auto maps = [this] { return collect(), evaluator_.all_maps(); };
    orders_ =
        std::make_unique<Orders>(Orders::Parts{*process_, probes_, sites_, returns_, maps, clear});
    const std::string error = control_.start(
        *process_, path, [this](const std::string& order) { return orders_->answer(order); });
    if (!error.empty()) process_->fail(error);
  }

  void tell_of_probes_without_places() {
    probes_.for_each_on([&](const Action&, const Probe& probe) {
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
    control_.stop();
    if (!path_.empty()) {
      const std::string error = write_file(path_, written_);
      if (!error.empty()) tell(process_->error_stream(), error);
    }
  }

  Process* process_ = nullptr;
  Probes probes_;
  Evaluator evaluator_;
  CodeSites sites_;
  Counts counts_;
  Sums sums_;
  Returns returns_;
  Control control_;
  std::unique_ptr<Orders> orders_;
  std::mutex kept_mutex_;
  /// Inserted calls refer to them.
  std::map<std::pair<const Probe*, std::string>, CodeSite> kept_;
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

// taintlite: where bytes of chosen inputs go: into what is written, into addresses, into targets of
// branches.
//
// A word of the thread's says where there is taint: nowhere, in memory, in vector registers, in
// any. By it each block has versions, made when a thread first needs them: one without additions,
// two that look whether memory is tainted before it is accessed, and one that follows everything.
#include <fmt/format.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <set>

#include "common/report_tool.h"
#include "taintlite/inputs.h"
#include "taintlite/plan.h"
#include "weft/symbols.h"

namespace weft::tools {
namespace {

constexpr size_t kMostSources = 64;  // that are named of one set
constexpr uint64_t kMostVectors = 1024;

class TaintLite final : public ReportTool {
 public:
  std::string_view summary() const override {
    return "follows bytes of chosen inputs to writes, addresses and branch targets";
  }

  void declare(OptionList& list) override {
    declare_output(list, "-");
    list.add_flag("stdin", true, "what is read from descriptor 0 is tainted");
    list.add_text("file", "", "what is read from files whose path contains this is tainted, too");
    list.add_flag("addresses", true, "report accesses whose address is tainted");
    list.add_number("most", 1000, "how many writes to report");
  }

  void start(Process& process, const Options& options) override {
    inputs_.start({options.flag("stdin"), options.text("file")});
    addresses_ = options.flag("addresses");
    most_ = options.number("most");
    mode_ = process.new_thread_counter();
    thread_ = process.new_thread_counter();
    met_ = process.new_thread_counter();
    planner_.start(thread_, met_, taint_.memory.filter());
    versions_ = process.new_versions(mode_, {{kNoTaint}, 3, 1});
  }

  void on_thread_start(Thread& thread) override {
    const std::lock_guard guard(lock_);
    auto taint = std::make_unique<ThreadTaint>();
    taint->mode = thread.cell(mode_);
    taint->met = thread.cell(met_);
    taint->all = &taint_;
    thread.set(thread_, reinterpret_cast<uint64_t>(taint.get()));
    thread.set(mode_, tainted_bytes_ == 0 ? kNoTaint : kTaintInMemory);
    threads_.insert(taint.release());
  }
  void on_thread_exit(Thread& thread) override {
    const std::lock_guard guard(lock_);
    ThreadTaint* taint = &of(thread);
    threads_.erase(taint);
    // At the process's end the thread may still be running: what it uses stays.
    taint->mode = taint->met = &unused_;
  }

  void on_module_load(const Module& module) override {
    symbols_.add_module(module.path, module.range.start, module.range.end);
  }

  void on_block(Block& block) override {
    const Case chosen = block.choose(versions_);
    if (chosen.is(kNoTaint)) return;
    if (chosen.is(kTaintInMemory)) return planner_.add_checks(block, false);
    if (chosen.is(kTaintInVectors)) return planner_.add_checks(block, true);
    planner_.add_everything(block);
  }

  void on_syscall_before(SystemCall& call) override {
    if (!is_tainting()) return;
    switch (call.number()) {
      case SYS_write:
      case SYS_pwrite64:
      case SYS_sendto:
        return note_write(call, {{call.argument(1), call.argument(2)}});
      case SYS_writev:
      case SYS_pwritev:
        return note_write(call, vectors(call));
      default:
        return;
    }
  }

  void on_syscall_after(SystemCall& call) override {
    if (is_tainting()) clear_registers(of(call.thread()));
    if (call.result() < 0 && call.result() > -4096) return;
    const auto result = static_cast<uint64_t>(call.result());
    switch (call.number()) {
      case SYS_read:
      case SYS_recvfrom:
        return note_read(call, {{call.argument(1), result}}, result, -1);
      case SYS_pread64:
        return note_read(call, {{call.argument(1), result}}, result,
                         static_cast<int64_t>(call.argument(3)));
      case SYS_readv:
        return note_read(call, vectors(call), result, -1);
      case SYS_mmap:
        return taint_.memory.clear(result, call.argument(1));
      case SYS_munmap:
        return taint_.memory.clear(call.argument(0), call.argument(1));
      default:
        return;
    }
  }

  std::string report(Process& process) override {
    const std::lock_guard guard(lock_);
    std::string findings;
    const auto [branches, addresses] = list_findings(findings);
    std::string out = fmt::format(
        "taintlite: process {}: {} bytes read from {} inputs; {} writes with tainted bytes, {} "
        "tainted branches, "
        "{} tainted addresses\n",
        process.id(), tainted_bytes_.load(), inputs_.count(), writes_, branches, addresses);
    out += findings;
    for (const std::string& line : lines_) out += line;
    if (writes_ > most_) out += fmt::format("  {} more writes\n", writes_ - most_);
    if (taint_.findings.lost() != 0)
      out += fmt::format("  {} findings lost\n", taint_.findings.lost());
    if (taint_.memory.overflowed())
      out += "  too much tainted memory: some of it was not followed\n";
    return out;
  }

  void restart(Process& /*process*/, Thread& thread) override {
    new (&lock_) std::mutex;
    inputs_.restart();
    planner_.unlock_in_child();
    taint_.labels.unlock_in_child();
    taint_.memory.unlock_in_child();
    taint_.findings.clear();
    lines_.clear();
    writes_ = 0;
    threads_ = {&of(thread)};
  }

 private:
  /// Bytes of the program's memory.
  struct Span {
    Address start = 0;
    uint64_t bytes = 0;
  };
  using Spans = std::vector<Span>;

  ThreadTaint& of(const Thread& thread) const {
    return *reinterpret_cast<ThreadTaint*>(thread.get(thread_));
  }
  bool is_tainting() const { return tainted_bytes_.load(std::memory_order_relaxed) != 0; }

  /// Those that the kernel leaves a value of its own in.
  static void clear_registers(ThreadTaint& taint) {
    for (const Register reg : {Register::kRax, Register::kRcx, Register::kR11}) {
      const auto number = static_cast<unsigned>(reg);
      std::fill_n(taint.registers + number * kGeneralBytes, kGeneralBytes, 0);
      taint.general &= ~(1u << number);
    }
    taint.settle();
  }

  Spans vectors(const SystemCall& call) {
    const uint64_t count = std::min<uint64_t>(call.argument(2), kMostVectors);
    std::vector<iovec> list(count);
    const size_t bytes = count * sizeof(iovec);
    if (process().read_memory(call.argument(1), list.data(), bytes) != bytes) return {};
    Spans spans;
    for (const iovec& each : list)
      spans.push_back({reinterpret_cast<Address>(each.iov_base), each.iov_len});
    return spans;
  }

  void note_read(SystemCall& call, const Spans& spans, uint64_t bytes, int64_t offset) {
    Inputs::Position position;
    const bool tainted =
        bytes != 0 && inputs_.read(static_cast<int>(call.argument(0)), bytes, offset, position);
    for (const Span& span : spans) {
      const uint64_t here = std::min(span.bytes, bytes);
      if (!tainted) taint_.memory.clear(span.start, here);
      for (uint64_t i = 0; tainted && i < here; ++i) {
        taint_.memory.set(
            span.start + i,
            taint_.labels.of_source({position.input, static_cast<uint32_t>(position.offset++)}));
      }
      bytes -= here;
      if (!tainted) continue;
      const std::lock_guard guard(lock_);
      tainted_bytes_ += here;
    }
    if (tainted) spread();
  }

  /// All threads look at memory from their next blocks on.
  void spread() {
    const std::lock_guard guard(lock_);
    for (const ThreadTaint* taint : threads_) {
      uint64_t none = kNoTaint;
      __atomic_compare_exchange_n(taint->mode, &none, uint64_t{kTaintInMemory}, false,
                                  __ATOMIC_RELAXED, __ATOMIC_RELAXED);
    }
  }

  std::string sources_text(Label label) const {
    const std::vector<SourceByte> sources = taint_.labels.sources(label, kMostSources);
    if (sources.empty()) return "more sources than there is room for";
    return inputs_.text(sources) + (sources.size() == kMostSources ? ",..." : "");
  }

  void note_write(const SystemCall& call, const Spans& spans) {
    std::vector<Label> labels;
    bool any = false;
    for (const Span& span : spans) {
      if (!taint_.memory.any(span.start, span.bytes)) {
        labels.resize(labels.size() + span.bytes);
        continue;
      }
      any = true;
      for (uint64_t i = 0; i < span.bytes; ++i) labels.push_back(taint_.memory.get(span.start + i));
    }
    if (!any) return;
    const auto tainted =
        std::count_if(labels.begin(), labels.end(), [](Label label) { return label != 0; });
    std::string text =
        fmt::format("  write to {}: {} of {} bytes\n", call.argument(0), tainted, labels.size());
    for (size_t at = 0; at < labels.size();) {
      const size_t end = run_end(labels, at);
      if (labels[at] != 0) text += run_text(labels, at, end);
      at = end;
    }
    const std::lock_guard guard(lock_);
    if (writes_++ < most_) lines_.push_back(std::move(text));
  }

  /// Where the run of bytes ends that one line is for: alike, or of successive source bytes.
  size_t run_end(const std::vector<Label>& labels, size_t at) const {
    size_t end = at + 1;
    while (end < labels.size() && labels[end] == labels[at]) ++end;
    if (end > at + 1 || labels[at] == 0) return end;
    std::vector<SourceByte> last = taint_.labels.sources(labels[at], 2);
    while (end < labels.size() && labels[end] != 0 && last.size() == 1) {
      const std::vector<SourceByte> next = taint_.labels.sources(labels[end], 2);
      const SourceByte expected{last[0].input, last[0].offset + 1};
      if (next.size() != 1 || next[0] != expected) break;
      last = next;
      ++end;
    }
    return end;
  }

  std::string run_text(const std::vector<Label>& labels, size_t at, size_t end) const {
    const std::string where =
        end == at + 1 ? std::to_string(at) : fmt::format("{}-{}", at, end - 1);
    if (labels[end - 1] == labels[at])
      return fmt::format("    {} from {}\n", where, sources_text(labels[at]));
    std::vector<SourceByte> sources;
    for (size_t i = at; i < end; ++i) sources.push_back(taint_.labels.sources(labels[i], 1)[0]);
    return fmt::format("    {} from {}\n", where, inputs_.text(sources));
  }

  /// One line for each instruction and kind, with all that was found there.
  std::pair<size_t, size_t> list_findings(std::string& out) {
    std::map<std::pair<Finding::Kind, Address>, std::set<Label>> places;
    for (uint64_t i = 0; i < taint_.findings.count(); ++i) {
      const Finding& each = taint_.findings[i];
      places[{each.kind, each.pc}].insert(each.label);
    }
    size_t counts[2] = {};
    for (const auto& [place, labels] : places) {
      const bool is_branch = place.first == Finding::Kind::kBranch;
      if (!is_branch && !addresses_) continue;
      ++counts[is_branch ? 0 : 1];
      std::set<SourceByte> all;
      for (const Label label : labels) {
        const auto some = taint_.labels.sources(label, kMostSources);
        all.insert(some.begin(), some.end());
        if (all.size() >= kMostSources) break;
      }
      out += fmt::format("  {} at {:#x} {} from {}\n", is_branch ? "branch" : "address",
                         place.second, symbols_.find(place.second).text(place.second),
                         inputs_.text(std::vector<SourceByte>(all.begin(), all.end())));
    }
    return {counts[0], counts[1]};
  }

  Inputs inputs_;
  Taint taint_;
  Planner planner_;
  Symbols symbols_;
  Versions versions_;
  ThreadCounter mode_;
  ThreadCounter thread_;
  ThreadCounter met_;
  bool addresses_ = true;
  uint64_t most_ = 0;
  uint64_t unused_ = 0;
  std::atomic<uint64_t> tainted_bytes_ = 0;

  std::mutex lock_;
  std::set<ThreadTaint*>
      threads_;  ///< under lock_; never freed, threads may be in the middle of it
  std::vector<std::string> lines_;  ///< under lock_
  uint64_t writes_ = 0;             ///< under lock_
};

}  // namespace
}  // namespace weft::tools

WEFT_TOOL(weft::tools::TaintLite);

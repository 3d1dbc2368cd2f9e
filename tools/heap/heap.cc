// heap: what the program allocates, where, how much of it at once, and what it does not free.
#include <fmt/format.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <new>

#include "common/output_file.h"
#include "common/report_parts.h"
#include "common/report_tool.h"
#include "heap/calls.h"
#include "heap/ledger.h"
#include "heap/report.h"
#include "weft/stack.h"
#include "weft/symbols.h"

namespace weft::tools {
namespace {

uint64_t microseconds() {
  const auto since = std::chrono::steady_clock::now().time_since_epoch();
  return static_cast<uint64_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(since).count());
}

/// The largest number where the product is more than that: such an allocation fails.
uint64_t product(uint64_t number, uint64_t size) {
  uint64_t result = 0;
  return __builtin_mul_overflow(number, size, &result) ? ~uint64_t{0} : result;
}

bool takes_old_block(AllocatorKind kind) {
  return kind == AllocatorKind::kRealloc || kind == AllocatorKind::kReallocArray ||
         kind == AllocatorKind::kFree;
}

class Heap final : public ReportTool {
 public:
  std::string_view summary() const override {
    return "profiles allocations: most at once, in total, and still allocated, by stack";
  }

  void declare(OptionList& list) override {
    list.add_text("output", "",
                  "file to write; %p is the process number, - is standard error (default -, with "
                  "format=dhat dhat.out.%p)");
    list.add_text("format", "text", "text, or dhat (JSON for Valgrind's dh_view.html)");
    list.add_number("top", 10, "how many stacks to list of each kind; 0: all");
    list.add_number("depth", 12, "how many frames of each stack to keep");
    list.add_text("prefix", "", "functions of this prefix are wrapped, too: je_ for je_malloc");
  }

  std::string default_output(const Options& options) override {
    return options.text("format") == "dhat" ? "dhat.out.%p" : "-";
  }

  void start(Process& process, const Options& options) override {
    format_ = options.text("format");
    if (format_ != "text" && format_ != "dhat") process.fail("format must be text or dhat");
    top_ = options.number("top");
    depth_ = options.number("depth");
    if (depth_ == 0) process.fail("depth must be at least 1");
    errors_to_ = process.error_stream();
    start_ = microseconds();
    outer_ = ThreadData<OuterCall>(process);
    frames_ = std::make_unique<FrameTables>(process);
    wrap_all(process.functions(), "");
    if (const std::string prefix = options.text("prefix"); !prefix.empty())
      wrap_all(process.functions(), prefix);
  }

  void on_thread_exit(Thread& thread) override { outer_.release(thread); }

  std::string report(Process& process) override {
    Symbols symbols;
    add_modules(symbols, process);
    HeapRun run{process.id(), process.program(), process.arguments(), 0, 0, 0, top_};
    run.failed = failed_.load();
    run.errors = errors_.load();
    const std::lock_guard guard(mutex_);
    run.microseconds = now();
    Ledger ledger = *ledger_;
    ledger.finish(run.microseconds);
    return format_ == "dhat" ? heap_dhat(ledger, run, symbols) : heap_text(ledger, run, symbols);
  }

  void restart(Process& process, Thread& /*thread*/) override {
    // A thread that is not in the child may have held a lock. What it guards is then left as it is.
    static_cast<void>(frames_.release());
    frames_ = std::make_unique<FrameTables>(process);
    if (mutex_.try_lock()) {
      ledger_->inherit();
      mutex_.unlock();
    } else {
      new (&mutex_) std::mutex;
      static_cast<void>(ledger_.release());
      ledger_ = std::make_unique<Ledger>();
      knows_all_blocks_ = false;
    }
    failed_ = 0;
    errors_ = 0;
    start_ = microseconds();
  }

 private:
  static constexpr uint64_t kMostErrors = 100;

  void wrap_all(Functions& functions, const std::string& prefix) {
    constexpr std::pair<const char*, AllocatorKind> kFunctions[] = {
        {"malloc", AllocatorKind::kMalloc},
        {"valloc", AllocatorKind::kMalloc},
        {"pvalloc", AllocatorKind::kMalloc},
        {"calloc", AllocatorKind::kCalloc},
        {"realloc", AllocatorKind::kRealloc},
        {"reallocarray", AllocatorKind::kReallocArray},
        {"memalign", AllocatorKind::kAligned},
        {"aligned_alloc", AllocatorKind::kAligned},
        {"posix_memalign", AllocatorKind::kPosixAligned},
        {"free", AllocatorKind::kFree}};
    for (const auto& [name, kind] : kFunctions) {
      functions.wrap(
          prefix + name, [this, kind = kind](FunctionCall& call) { entered(call, kind); },
          [this, kind = kind](FunctionCall& call) { left(call, kind); });
    }
  }

  void entered(FunctionCall& call, AllocatorKind kind) {
    OuterCall& outer = outer_.get(call.thread());
    const Address stack = call.context().get(Register::kRsp);
    if (outer.contains(kind, call.function(), stack)) return;
    // One that longjmp left has freed nothing, as far as anybody knows.
    if (outer.active && outer.old_block) give_back(outer);
    call.data() = 1;
    outer.active = true;
    outer.kind = kind;
    outer.function = call.function();
    outer.stack = stack;
    outer.size = size_of(call, kind);
    outer.old = takes_old_block(kind) ? call.argument(0) : 0;
    outer.old_block.reset();
    if (kind != AllocatorKind::kFree) outer.trace = frames_->trace(call.context(), depth_);
    if (outer.old != 0) take_old(call, outer);
  }

  static uint64_t size_of(const FunctionCall& call, AllocatorKind kind) {
    switch (kind) {
      case AllocatorKind::kMalloc:
        return call.argument(0);
      case AllocatorKind::kCalloc:
        return product(call.argument(0), call.argument(1));
      case AllocatorKind::kReallocArray:
        return product(call.argument(1), call.argument(2));
      case AllocatorKind::kRealloc:
      case AllocatorKind::kAligned:
        return call.argument(1);
      case AllocatorKind::kPosixAligned:
        return call.argument(2);
      case AllocatorKind::kFree:
        break;
    }
    return 0;
  }

  /// Before the function runs: another thread may get the memory before it has returned.
  void take_old(FunctionCall& call, OuterCall& outer) {
    bool was_freed = false;
    {
      const std::lock_guard guard(mutex_);
      outer.old_block = ledger_->take(outer.old);
      if (outer.old_block) {
        if (outer.kind != AllocatorKind::kFree) return;
        ledger_->freed(outer.old, *outer.old_block, now());
        outer.old_block.reset();
        return;
      }
      was_freed = ledger_->was_freed(outer.old);
    }
    if (was_freed || knows_all_blocks_) complain_of(call, outer, was_freed);
  }

  void left(FunctionCall& call, AllocatorKind kind) {
    OuterCall& outer = outer_.get(call.thread());
    if (call.data() == 0 || !outer.active || outer.kind != kind ||
        outer.function != call.function())
      return;
    outer.active = false;
    if (kind == AllocatorKind::kFree) return;
    const Address block = result_of(call, kind);
    const std::lock_guard guard(mutex_);
    const uint64_t time = now();
    // realloc() to no bytes frees and returns nothing.
    const bool worked = block != 0 || (outer.old_block && outer.size == 0);
    if (outer.old_block) {
      if (worked) {
        ledger_->freed(outer.old, *outer.old_block, time);
      } else {
        ledger_->put_back(outer.old, *outer.old_block);
      }
    }
    if (block != 0) ledger_->allocated(block, outer.size, outer.trace, time);
    if (!worked) ++failed_;
    outer.old_block.reset();
  }

  void give_back(OuterCall& outer) {
    const std::lock_guard guard(mutex_);
    ledger_->put_back(outer.old, *outer.old_block);
  }

  Address result_of(FunctionCall& call, AllocatorKind kind) {
    if (kind != AllocatorKind::kPosixAligned) return call.result();
    Address block = 0;
    const bool worked =
        static_cast<uint32_t>(call.result()) == 0 &&
        process().read_memory(call.argument(0), &block, sizeof block) == sizeof block;
    return worked ? block : 0;
  }

  /// At once: the program may not live for long.
  void complain_of(FunctionCall& call, const OuterCall& outer, bool was_freed) {
    if (++errors_ > kMostErrors) return;
    const Stack stack = frames_->trace(call.context(), depth_);
    Symbols symbols;
    add_modules(symbols, process());
    tell(errors_to_, fmt::format("heap: {} of {:#x}, which {}: {}\n",
                                 outer.kind == AllocatorKind::kFree ? "free" : "realloc", outer.old,
                                 was_freed ? "was freed before" : "is no allocated block",
                                 stack_text(stack, symbols)));
  }

  uint64_t now() const { return microseconds() - start_; }

  std::string format_;
  size_t top_ = 0;
  size_t depth_ = 0;
  int errors_to_ = 2;
  uint64_t start_ = 0;
  ThreadData<OuterCall> outer_;
  std::unique_ptr<FrameTables> frames_;
  std::mutex mutex_;
  std::unique_ptr<Ledger> ledger_ = std::make_unique<Ledger>();  ///< under mutex_
  bool knows_all_blocks_ = true;
  std::atomic<uint64_t> failed_ = 0;
  std::atomic<uint64_t> errors_ = 0;
};

}  // namespace
}  // namespace weft::tools

WEFT_TOOL(weft::tools::Heap);

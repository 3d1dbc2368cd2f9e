// Wraps and replaces functions of wrapped.c, one part of the interface a mode. Prints what the
// hooks saw.
#include <atomic>
#include <cstdio>
#include <set>
#include <string>

#include "weft/tool.h"

namespace {

std::atomic<uint64_t> g_before{0};
std::atomic<uint64_t> g_after{0};
std::atomic<uint64_t> g_arguments{0};
std::atomic<uint64_t> g_results{0};
weft::Functions* g_functions = nullptr;
weft::Wrap g_wrap;
std::set<weft::Address> g_places;
std::set<weft::Address> g_returns;

class WrapTool final : public weft::Tool {
 public:
  void declare(weft::OptionList& options) override {
    options.add_text("mode", "count",
                     "count, change, skip, replace, original, remove, late, two or where");
    options.add_text("function", "work", "name of the function");
  }

  void on_start(weft::Process& process, const weft::Options& options) override {
    g_functions = &process.functions();
    const std::string mode = options.text("mode");
    const std::string name = options.text("function");
    if (mode == "count") {
      g_functions->wrap(name, before, after);
    } else if (mode == "change") {
      g_functions->wrap(
          name, [](weft::FunctionCall& call) { call.set_argument(0, call.argument(0) + 1); },
          [](weft::FunctionCall& call) { call.set_result(call.result() * 2); });
    } else if (mode == "skip") {
      g_functions->wrap(
          name, [](weft::FunctionCall& call) { call.skip(5); }, after);
    } else if (mode == "replace") {
      g_functions->replace(name, replaced);
    } else if (mode == "original") {
      g_functions->replace(name, replaced_or_not);
    } else if (mode == "remove") {
      g_wrap = g_functions->wrap(name, remove_at_10, {});
    } else if (mode == "late") {
      // The first call of `start` wraps the function, which has run by then.
      g_functions->wrap(
          "start", [name](weft::FunctionCall&) { g_functions->wrap(name, before, after); }, {});
    } else if (mode == "two") {
      g_functions->wrap(
          name, [](weft::FunctionCall& call) { call.set_argument(0, 1); }, after);
      g_functions->wrap(name, before, [](weft::FunctionCall& call) { call.set_result(1000); });
    } else if (mode == "where") {
      g_wrap = g_functions->wrap(name, note_place, {});
    }
  }

  void on_exit(weft::Process&, int) override {
    if (!g_returns.empty()) {
      std::fprintf(stderr, "where: functions=%zu returns=%zu places=%zu\n", g_places.size(),
                   g_returns.size(), g_functions->places(g_wrap));
    }
    std::fprintf(stderr, "hooks: before=%lu after=%lu arguments=%lu results=%lu\n", g_before.load(),
                 g_after.load(), g_arguments.load(), g_results.load());
  }

 private:
  static void before(weft::FunctionCall& call) {
    ++g_before;
    g_arguments += call.argument(0);
    call.data() = call.argument(0);
  }
  static void after(weft::FunctionCall& call) {
    ++g_after;
    g_results += call.result();
    if (call.data() != 0 && call.data() != call.argument(0)) g_results += 1000000;
  }
  static int64_t replaced(weft::FunctionCall&, int64_t a, int64_t b) {
    ++g_before;
    return a * 100 + b;
  }
  static int64_t replaced_or_not(weft::FunctionCall& call, int64_t a, int64_t b) {
    ++g_before;
    if (a % 2 != 0) call.run_original();
    return a * 100 + b;
  }
  static void note_place(weft::FunctionCall& call) {
    g_places.insert(call.function());
    g_returns.insert(call.return_address());
  }
  static void remove_at_10(weft::FunctionCall&) {
    if (++g_before == 10) g_functions->remove(g_wrap);
  }
};

}  // namespace

WEFT_TOOL(WrapTool);

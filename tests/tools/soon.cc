// Additions that are taken out of the code soon, in young.c's probe(): how many calls have found
// that the counter was set since the call before, and how many calls there were after the last of
// these.
#include <cstdio>

#include "weft/symbols.h"
#include "weft/tool.h"

namespace {

struct Calls {
  uint64_t set = 0;
  uint64_t not_set = 0;  ///< since the last one that was
};

Calls g_calls;

void take(uint64_t* cell) {
  g_calls.not_set = *cell == 0 ? g_calls.not_set + 1 : 0;
  if (*cell != 0) ++g_calls.set;
  *cell = 0;
}

class Soon final : public weft::Tool {
 public:
  void on_start(weft::Process& process, const weft::Options&) override {
    counter_ = process.new_counter();
    const weft::Module& program = *process.modules().front();
    const auto file = weft::SymbolFile::open(program.path);
    if (!file) process.fail("no symbols");
    for (const weft::FunctionSymbol& each : file->functions()) {
      if (each.name == "probe") probe_ = each.start + program.bias;
    }
  }

  void on_block(weft::Block& block) override {
    if (block.tag() != probe_) return;
    block.anywhere().set_once(counter_, 1, weft::Removal::kSoon);
    block.before(block.size() - 1).call(take, counter_.cell());
  }

  void on_fork(weft::Process& process, weft::Thread&) override {
    g_calls = {};
    counter_.set(0);
    put_back_ = process.code().put_back_set_once();
  }

  void on_exit(weft::Process& process, int) override {
    std::fprintf(stderr, "soon: %s set %s, then not %s, %s put back\n",
                 process.is_child() ? "child" : "program", amount(g_calls.set),
                 amount(g_calls.not_set), put_back_ == 0 ? "none" : "some");
  }

 private:
  /// In words that do not depend on when exactly the process was old.
  static const char* amount(uint64_t calls) {
    constexpr uint64_t kFew = 25;
    constexpr uint64_t kMany = 1900;
    if (calls >= kMany) return "often";
    if (calls == 0) return "never";
    return calls <= kFew ? "seldom" : "sometimes";
  }

  weft::Counter counter_;
  weft::Address probe_ = 0;
  uint64_t put_back_ = 0;
};

}  // namespace

WEFT_TOOL(Soon);

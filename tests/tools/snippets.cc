// Each operation of snippets. mode=results: on the loop of counted_loop.S, in each of whose rounds
// the results are compared with those of C++. mode=everywhere: before each instruction, counting,
// by operations that need registers and change flags. mode=fault: loads what an instruction will
// load.
#include <cstdio>
#include <string>
#include <vector>

#include "weft/tool.h"

namespace {

using weft::Comparison;
using weft::Scratch;
using weft::Snippet;

constexpr Scratch kA = Scratch::kFirst;
constexpr Scratch kB = Scratch::kSecond;
constexpr weft::Register kRcx = weft::Register::kRcx;
constexpr uint64_t kPattern = 0x8123456789ABCDEF;

uint64_t g_cell[2];
uint64_t g_checked = 0;
uint64_t g_wrong = 0;

/// Leaves its result in kA.
struct Operation {
  const char* name;
  void (*make)(Snippet&);
  uint64_t (*expected)(uint64_t rcx);
};

void start(Snippet& code) { code.set(kA, weft::register_value(kRcx)).set(kB, kPattern); }

/// kA = 1 if rcx compares so with 500, else 2.
void compare(Snippet& code, Comparison comparison, bool constant) {
  code.set(kA, weft::register_value(kRcx)).set(kB, 500).subtract(kA, 1000).subtract(kB, 1000);
  const Snippet::Label skip =
      constant ? code.skip_if(kA, comparison, -500) : code.skip_if(kA, comparison, kB);
  code.set(kB, 2);
  const Snippet::Label end = code.skip_if(kB, Comparison::kEqual, 2);
  code.here(skip).set(kB, 1).here(end).set(kA, kB);
}
template <Comparison kComparison, bool kConstant>
void compare(Snippet& code) {
  compare(code, kComparison, kConstant);
}
uint64_t one_if(bool yes) { return yes ? 1 : 2; }

template <uint8_t kWidth>
void store_and_load(Snippet& code) {
  code.set(kA, g_cell).set(kB, ~uint64_t{0}).store(kA, kB, 8);
  code.set(kB, kPattern).store(kA, kB, 8, kWidth);
  code.load(kA, kA, 8);
}
template <uint8_t kWidth>
void load(Snippet& code) {
  code.set(kA, g_cell).set(kB, kPattern).store(kA, kB, 8).add(kA, 16).load(kA, kA, -8, kWidth);
}
constexpr uint64_t low(unsigned bits) {
  return bits == 64 ? ~uint64_t{0} : (uint64_t{1} << bits) - 1;
}
template <uint8_t kWidth>
uint64_t stored(uint64_t) {
  return (kPattern & low(8 * kWidth)) | ~low(8 * kWidth);
}
template <uint8_t kWidth>
uint64_t loaded(uint64_t) {
  return kPattern & low(8 * kWidth);
}

using U = uint64_t;
const std::vector<Operation> kOperations = {
    {"register", [](Snippet& c) { c.set(kA, weft::register_value(kRcx)); }, [](U x) { return x; }},
    {"constant", [](Snippet& c) { c.set(kA, kPattern); }, [](U) { return kPattern; }},
    {"copy", [](Snippet& c) { start(c), c.set(kA, kB); }, [](U) { return kPattern; }},
    {"add", [](Snippet& c) { start(c), c.add(kA, kB); }, [](U x) { return x + kPattern; }},
    {"add number", [](Snippet& c) { start(c), c.add(kA, -7); }, [](U x) { return x - 7; }},
    {"subtract", [](Snippet& c) { start(c), c.subtract(kA, kB); },
     [](U x) { return x - kPattern; }},
    {"subtract number", [](Snippet& c) { start(c), c.subtract(kB, 9).set(kA, kB); },
     [](U) { return kPattern - 9; }},
    {"and", [](Snippet& c) { start(c), c.bit_and(kA, kB); }, [](U x) { return x & kPattern; }},
    {"and number", [](Snippet& c) { start(c), c.bit_and(kA, -4); }, [](U x) { return x & ~U{3}; }},
    {"or", [](Snippet& c) { start(c), c.bit_or(kA, kB); }, [](U x) { return x | kPattern; }},
    {"or number", [](Snippet& c) { start(c), c.bit_or(kA, 0x70); }, [](U x) { return x | 0x70; }},
    {"xor", [](Snippet& c) { start(c), c.bit_xor(kA, kB); }, [](U x) { return x ^ kPattern; }},
    {"xor number", [](Snippet& c) { start(c), c.bit_xor(kA, -1); }, [](U x) { return ~x; }},
    {"left", [](Snippet& c) { start(c), c.shift_left(kA, 60); }, [](U x) { return x << 60; }},
    {"right", [](Snippet& c) { start(c), c.shift_right(kB, 3).set(kA, kB); },
     [](U) { return kPattern >> 3; }},
    {"no shift", [](Snippet& c) { start(c), c.shift_left(kA, 0); }, [](U x) { return x; }},
    {"bits", [](Snippet& c) { start(c), c.bit_length(kA); },
     [](U x) { return U{64} - static_cast<U>(x == 0 ? 64 : __builtin_clzl(x)); }},
    {"bits of 63", [](Snippet& c) { start(c), c.shift_right(kB, 1).bit_length(kB).set(kA, kB); },
     [](U) { return U{63}; }},
    {"bits of 0", [](Snippet& c) { c.set(kB, 0).bit_length(kB).set(kA, kB); },
     [](U) { return U{0}; }},
    {"store 1", store_and_load<1>, stored<1>},
    {"store 2", store_and_load<2>, stored<2>},
    {"store 4", store_and_load<4>, stored<4>},
    {"store 8", store_and_load<8>, stored<8>},
    {"load 1", load<1>, loaded<1>},
    {"load 2", load<2>, loaded<2>},
    {"load 4", load<4>, loaded<4>},
    {"load 8", load<8>, loaded<8>},
    {"equal", compare<Comparison::kEqual, false>, [](U x) { return one_if(x == 500); }},
    {"not equal", compare<Comparison::kNotEqual, true>, [](U x) { return one_if(x != 500); }},
    // As unsigned: what is less than 1000 wraps around.
    {"below", compare<Comparison::kBelow, false>, [](U x) { return one_if(x >= 1000 || x < 500); }},
    {"not below", compare<Comparison::kNotBelow, true>,
     [](U x) { return one_if(x < 1000 && x >= 500); }},
    {"not above", compare<Comparison::kNotAbove, true>,
     [](U x) { return one_if(x >= 1000 || x <= 500); }},
    {"above", compare<Comparison::kAbove, false>, [](U x) { return one_if(x < 1000 && x > 500); }},
    {"less", compare<Comparison::kLess, true>, [](U x) { return one_if(x < 500); }},
    {"not less", compare<Comparison::kNotLess, false>, [](U x) { return one_if(x >= 500); }},
    {"not greater", compare<Comparison::kNotGreater, false>, [](U x) { return one_if(x <= 500); }},
    {"greater", compare<Comparison::kGreater, true>, [](U x) { return one_if(x > 500); }},
};

class Snippets final : public weft::Tool {
 public:
  void declare(weft::OptionList& options) override {
    options.add_text("mode", "results", "results, everywhere, fault or label");
  }

  void on_start(weft::Process& process, const weft::Options& options) override {
    mode_ = options.text("mode");
    result_ = process.new_thread_counter();
    never_ = process.new_thread_counter();
  }

  void on_block(weft::Block& block) override {
    if (mode_ == "everywhere") return count(block);
    if (mode_ == "fault") return load_first(block);
    if (mode_ == "label") return forget_label(block);
    const bool loop =
        block.size() == 3 && block[2].kind() == weft::InstructionKind::kConditionalJump;
    if (!loop) return;
    for (size_t i = 0; i < kOperations.size(); ++i) {
      Snippet code;
      kOperations[i].make(code);
      code.store(result_, kA);
      block.before(1).code(code);
      block.before(1).call(check, i, weft::thread_counter(result_), weft::register_value(kRcx));
    }
    Snippet reads_back;
    reads_back.set(kB, weft::thread_counter(result_)).set(kA, weft::thread_id());
    reads_back.subtract(kA, kB).store(result_, kA);
    Snippet thread;
    thread.set(kB, weft::thread_id()).store(result_, kB);
    block.before(2).code(thread);
    block.before(2).code(reads_back);
    block.before(2).if_nonzero(never_).code(thread);
    block.before(2).call(check_zero, weft::thread_counter(result_));
  }

  void on_exit(weft::Process& process, int status) override {
    std::fprintf(stderr, "snippets: status=%d checked=%lu wrong=%lu counted=%lu\n", status,
                 g_checked, g_wrong, mode_ == "everywhere" ? process.sum(result_) : 0);
  }

 private:
  static void check(size_t operation, uint64_t result, uint64_t rcx) {
    ++g_checked;
    if (result == kOperations[operation].expected(rcx)) return;
    if (++g_wrong < 10) {
      std::fprintf(stderr, "snippets: %s of %lu is %lx\n", kOperations[operation].name, rcx,
                   result);
    }
  }
  static void check_zero(uint64_t result) {
    ++g_checked;
    if (result != 0) ++g_wrong;
  }

  /// result += 1 the long way.
  void count(weft::Block& block) const {
    Snippet code;
    code.set(kA, weft::thread_counter(result_)).set(kB, kPattern);
    code.bit_xor(kA, kB).bit_xor(kA, kB).subtract(kA, -1);
    const Snippet::Label never = code.skip_if(kA, Comparison::kEqual, 0);
    code.store(result_, kA).here(never);
    for (size_t i = 0; i < block.size(); ++i) block.before(i).code(code);
  }

  static void forget_label(weft::Block& block) {
    Snippet code;
    code.set(kA, 1);
    static_cast<void>(code.skip_if(kA, Comparison::kEqual, 1));
    block.before(0).code(code);
  }

  void load_first(weft::Block& block) const {
    for (size_t i = 0; i < block.size(); ++i) {
      const int operand = block[i].memory_operand();
      if (operand < 0 || block[i].kind() != weft::InstructionKind::kPlain) continue;
      const weft::InstructionDetails& details = block[i].details();
      // Others may have an operand and not read it.
      if (details.mnemonic != "mov" || !details.operands[static_cast<size_t>(operand)].read)
        continue;
      Snippet code;
      code.set(kA, weft::memory_address(operand)).set(kB, kPattern).subtract(kB, kA);
      code.load(kB, kA, 0, 1).store(result_, kB);
      block.before(i).code(code);
    }
  }

  std::string mode_;
  weft::ThreadCounter result_;
  weft::ThreadCounter never_;
};

}  // namespace

WEFT_TOOL(Snippets);

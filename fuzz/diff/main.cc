// fuzz_diff: runs random instruction sequences and prints a digest of what each left behind.
// Run it natively and under an engine: the outputs must be the same.
#include <Zydis/Zydis.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "generator.h"
#include "machine.h"

namespace fuzz {
namespace {

constexpr char kUsage[] =
    "usage: fuzz_diff [--seed S] [--first I] [--count N] [--digest-every K] [--base ADDRESS]\n"
    "                 [--gs] [--canonical] [--patience SECONDS] [--show | --dump | --coverage]\n"
    "Runs sequences I..I+N-1 of seed S; prints the digest of every K of them together.\n"
    "  --gs        operands relative to a gs base of the program's own, too\n"
    "  --canonical no branches to non-canonical addresses\n"
    "  --show      print the whole final state of each sequence instead\n"
    "  --dump      print the disassembly of each sequence instead, run nothing\n"
    "  --coverage  also count what was generated and which faults happened\n";

struct Options {
  uint64_t seed = 1;
  uint64_t first = 0;
  uint64_t count = 4096;
  uint64_t digest_every = 64;
  Layout layout;
  unsigned patience = 60;  ///< seconds a batch may take
  bool show = false;
  bool dump = false;
  bool coverage = false;
};

/// What stays of a sequence after its code was written.
struct Prepared {
  std::vector<uint16_t> boundaries;
  unsigned base_register = 0;
  uint32_t size = 0;
};

class Session {
 public:
  explicit Session(const Options& options)
      : options_(options), encoder_(options.layout, options.coverage ? &coverage_ : nullptr) {}

  void run();

 private:
  uint64_t batch_of(uint64_t index) const { return index / kSlotsInBatch; }
  uint64_t slot(uint64_t index) const {
    return options_.layout.code(batch_of(index)) + kHeaderSize + index % kSlotsInBatch * kSlotSize;
  }
  CodeBuffer generate(uint64_t index, unsigned& base_register);
  void run_batch(uint64_t first, uint64_t last);
  void write_batch(uint64_t first, uint64_t last);
  void run_one(uint64_t index, const Prepared& prepared);
  void dump_one(uint64_t index);
  void flush();
  void print_coverage() const;

  Options options_;
  Coverage coverage_;
  Coverage faults_;
  Encoder encoder_;
  std::unique_ptr<Machine> machine_;
  std::vector<Prepared> batch_;
  uint64_t group_digest_ = 0;
  uint64_t group_first_ = 0;
  uint64_t group_size_ = 0;
};

CodeBuffer Session::generate(uint64_t index, unsigned& base_register) {
  CodeBuffer out(slot(index));
  Generator generator(options_.layout, encoder_, out, code_random(options_.seed, index),
                      options_.layout.code(batch_of(index)),
                      options_.coverage ? &coverage_ : nullptr);
  generator.write();
  if (out.position() > kSlotSize) {
    std::fprintf(stderr, "fuzz_diff: sequence %llu is too long\n",
                 static_cast<unsigned long long>(index));
    std::exit(2);
  }
  base_register = generator.base_register();
  return out;
}

void Session::write_batch(uint64_t first, uint64_t last) {
  const uint64_t area = options_.layout.code(batch_of(first));
  void* memory = mmap(reinterpret_cast<void*>(area), kBatchSize, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE | MAP_NORESERVE, -1, 0);
  if (memory != reinterpret_cast<void*>(area)) {
    std::fprintf(stderr, "fuzz_diff: the address of the code is taken\n");
    std::exit(2);
  }
  // jmp [rip + 0], and where to. Sequences see only their own, fixed addresses.
  const uint8_t jump[] = {0xFF, 0x25, 0, 0, 0, 0};
  const uint64_t target = way_out();
  std::memcpy(memory, jump, sizeof jump);
  std::memcpy(static_cast<uint8_t*>(memory) + sizeof jump, &target, sizeof target);
  batch_.clear();
  for (uint64_t index = first; index < last; ++index) {
    Prepared prepared;
    const CodeBuffer code = generate(index, prepared.base_register);
    std::memcpy(reinterpret_cast<void*>(code.address()), code.bytes().data(), code.bytes().size());
    prepared.boundaries = code.boundaries();
    prepared.size = code.position();
    batch_.push_back(std::move(prepared));
  }
  mprotect(memory, kBatchSize, PROT_READ | PROT_EXEC);
}

void Session::flush() {
  if (group_size_ == 0) return;
  std::printf("%llu %016llx\n", static_cast<unsigned long long>(group_first_),
              static_cast<unsigned long long>(group_digest_));
  group_size_ = 0;
  group_digest_ = 0;
}

void Session::run_one(uint64_t index, const Prepared& prepared) {
  Random random = state_random(options_.seed, index);
  machine_->prepare(random, prepared.base_register);
  machine_->run(index, slot(index), prepared.boundaries);
  for (const Fault& fault : machine_->faults()) {
    if (options_.coverage) ++faults_["signal " + std::to_string(fault.signal)];
  }
  if (options_.show) {
    std::printf("sequence %llu\n%s", static_cast<unsigned long long>(index),
                machine_->describe().c_str());
    return;
  }
  if (group_size_ == 0) group_first_ = index;
  group_digest_ = group_digest_ * 0x100000001B3u ^ machine_->digest();
  if (++group_size_ == options_.digest_every) flush();
}

void Session::dump_one(uint64_t index) {
  unsigned base_register = 0;
  const CodeBuffer code = generate(index, base_register);
  std::printf("sequence %llu of seed %llu, base register %u\n",
              static_cast<unsigned long long>(index),
              static_cast<unsigned long long>(options_.seed), base_register);
  ZydisDecoder decoder;
  ZydisFormatter formatter;
  ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
  ZydisFormatterInit(&formatter, ZYDIS_FORMATTER_STYLE_INTEL);
  for (uint32_t at = 0; at < code.position();) {
    ZydisDecodedInstruction insn;
    std::array<ZydisDecodedOperand, ZYDIS_MAX_OPERAND_COUNT> operands;
    std::array<char, 256> text = {"(bad)"};
    const auto& starts = code.boundaries();
    const bool marked = std::binary_search(starts.begin(), starts.end(), static_cast<uint16_t>(at));
    uint32_t length = 1;
    if (ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, code.bytes().data() + at,
                                            code.position() - at, &insn, operands.data()))) {
      length = insn.length;
      ZydisFormatterFormatInstruction(&formatter, &insn, operands.data(),
                                      insn.operand_count_visible, text.data(), text.size(),
                                      code.address() + at, nullptr);
    }
    // Junk between instructions must not hide the next one that is real.
    const auto next = std::upper_bound(starts.begin(), starts.end(), static_cast<uint16_t>(at));
    if (next != starts.end() && at + length > *next) length = *next - at;
    std::printf("%c %08" PRIx64 " ", marked ? ' ' : '?', code.address() + at);
    for (uint32_t byte = 0; byte < 11; ++byte) {
      if (byte < length)
        std::printf(" %02x", code.bytes()[at + byte]);
      else
        std::printf("   ");
    }
    std::printf("  %s\n", text.data());
    at += length;
  }
}

void Session::run_batch(uint64_t first, uint64_t last) {
  write_batch(first, last);
  alarm(options_.patience);
  for (uint64_t index = first; index < last; ++index) run_one(index, batch_[index - first]);
  alarm(0);
  munmap(reinterpret_cast<void*>(options_.layout.code(batch_of(first))), kBatchSize);
}

void Session::run() {
  const uint64_t end = options_.first + options_.count;
  if (options_.dump) {
    for (uint64_t index = options_.first; index < end; ++index) dump_one(index);
    return;
  }
  machine_ = std::make_unique<Machine>(options_.layout);
  for (uint64_t at = options_.first; at < end;) {
    const uint64_t last = std::min(end, (batch_of(at) + 1) * kSlotsInBatch);
    run_batch(at, last);
    at = last;
  }
  flush();
  if (options_.coverage) print_coverage();
}

void Session::print_coverage() const {
  for (const Coverage& counts : {coverage_, faults_}) {
    for (const auto& [name, count] : counts) {
      std::printf("# %s %llu\n", name.c_str(), static_cast<unsigned long long>(count));
    }
  }
  std::printf("# distinct instructions and pieces: %zu\n", coverage_.size());
}

uint64_t number(const char* text) {
  char* end = nullptr;
  const uint64_t value = std::strtoull(text, &end, 0);
  if (*text == '\0' || *end != '\0') {
    std::fputs(kUsage, stderr);
    std::exit(2);
  }
  return value;
}

Options parse(int argc, char** argv) {
  Options options;
  for (int at = 1; at < argc; ++at) {
    const std::string_view name = argv[at];
    const char* value = at + 1 < argc ? argv[at + 1] : "";
    if (name == "--show")
      options.show = true;
    else if (name == "--dump")
      options.dump = true;
    else if (name == "--coverage")
      options.coverage = true;
    else if (name == "--gs")
      options.layout.gs = true;
    else if (name == "--canonical")
      options.layout.canonical = true;
    else if (name == "--seed")
      options.seed = number(value), ++at;
    else if (name == "--first")
      options.first = number(value), ++at;
    else if (name == "--count")
      options.count = number(value), ++at;
    else if (name == "--digest-every")
      options.digest_every = std::max<uint64_t>(1, number(value)), ++at;
    else if (name == "--patience")
      options.patience = static_cast<unsigned>(number(value)), ++at;
    else if (name == "--base")
      options.layout.base = number(value), ++at;
    else
      number("");
  }
  return options;
}

}  // namespace
}  // namespace fuzz

int main(int argc, char** argv) {
  fuzz::Session(fuzz::parse(argc, argv)).run();
  return 0;
}

#include "machine.h"

#include <asm/prctl.h>
#include <cpuid.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cinttypes>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

extern "C" {
// The one piece of global state: assembly and the signal handler have no other way to it.
fuzz::Frame fuzz_frame;
void fuzz_enter();
void fuzz_leave();
}

namespace fuzz {
namespace {

constexpr uint64_t kXsaveMask = 0xE7;  // x87, SSE, AVX, opmask, upper halves, upper registers
constexpr size_t kMaxFaults = 12;
constexpr uint64_t kResumeFlag = 1u
                                 << 16;  // RF: set by the CPU in a fault's frame, not by programs

/// What the handler needs to know of the sequence that runs.
struct Running {
  uint64_t index = 0;
  uint64_t start = 0;
  const std::vector<uint16_t>* boundaries = nullptr;
  std::vector<Fault> faults;
};
Running running;

void die(const char* what) {
  std::fprintf(stderr, "fuzz_diff: %s\n", what);
  std::exit(2);
}

void map_fixed(uint64_t address, uint64_t size) {
  void* got = mmap(reinterpret_cast<void*>(address), size, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
  if (got != reinterpret_cast<void*>(address)) die("the fixed address of a region is taken");
}

/// A fault goes on at the next instruction; one outside the sequence, or one too many, ends it.
uint64_t resume_address(uint64_t rip) {
  const auto& boundaries = *running.boundaries;
  if (running.faults.size() >= kMaxFaults || boundaries.empty()) return way_out();
  if (rip < running.start || rip >= running.start + kSlotSize) return way_out();
  const auto offset = static_cast<uint16_t>(rip - running.start);
  const bool trap = running.faults.back().signal == SIGTRAP;
  const auto next = trap ? std::lower_bound(boundaries.begin(), boundaries.end(), offset)
                         : std::upper_bound(boundaries.begin(), boundaries.end(), offset);
  return next == boundaries.end() ? way_out() : running.start + *next;
}

void on_fault(int signal, siginfo_t* info, void* raw) {
  auto& context = *static_cast<ucontext_t*>(raw);
  greg_t* regs = context.uc_mcontext.gregs;
  if (running.boundaries == nullptr) {
    static const char kMessage[] = "fuzz_diff: a fault outside any sequence\n";
    [[maybe_unused]] const ssize_t written = write(2, kMessage, sizeof kMessage - 1);
    _exit(3);
  }
  static constexpr int kOrder[16] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP,
                                     REG_RSI, REG_RDI, REG_R8,  REG_R9,  REG_R10, REG_R11,
                                     REG_R12, REG_R13, REG_R14, REG_R15};
  Fault fault;
  fault.signal = signal;
  fault.code = info->si_code;
  fault.address = reinterpret_cast<uint64_t>(info->si_addr);
  for (size_t at = 0; at < 16; ++at) fault.gpr[at] = static_cast<uint64_t>(regs[kOrder[at]]);
  fault.rip = static_cast<uint64_t>(regs[REG_RIP]);
  fault.rflags = static_cast<uint64_t>(regs[REG_EFL]) & ~kResumeFlag;
  fault.trap = static_cast<uint64_t>(regs[REG_TRAPNO]);
  fault.error = static_cast<uint64_t>(regs[REG_ERR]);
  running.faults.push_back(fault);  // within the reserved capacity
  regs[REG_RIP] = static_cast<greg_t>(resume_address(fault.rip));
}

/// A sequence that never ends must not go unnoticed.
void on_alarm(int, siginfo_t*, void* raw) {
  const greg_t* regs = static_cast<ucontext_t*>(raw)->uc_mcontext.gregs;
  std::array<char, 96> line;
  const int size =
      std::snprintf(line.data(), line.size(), "fuzz_diff: sequence %llu does not end (rip %llx)\n",
                    static_cast<unsigned long long>(running.index),
                    static_cast<unsigned long long>(regs[REG_RIP]));
  [[maybe_unused]] const ssize_t written = write(2, line.data(), static_cast<size_t>(size));
  _exit(4);
}

void install_handlers() {
  constexpr size_t kStackSize = 256 * 1024;
  void* memory =
      mmap(nullptr, kStackSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  const stack_t stack = {memory, 0, kStackSize};
  if (memory == MAP_FAILED || sigaltstack(&stack, nullptr) != 0) die("no alternate signal stack");
  struct sigaction action = {};
  action.sa_sigaction = on_fault;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  for (const int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP}) {
    if (sigaction(signal, &action, nullptr) != 0) die("sigaction failed");
  }
  action.sa_sigaction = on_alarm;
  if (sigaction(SIGALRM, &action, nullptr) != 0) die("sigaction failed");
}

uint64_t supported_components() {
  uint32_t eax = 0, edx = 0;
  __asm__ volatile("xgetbv" : "=a"(eax), "=d"(edx) : "c"(0));
  return (uint64_t{edx} << 32 | eax) & kXsaveMask;
}

Component component(unsigned number) {
  if ((fuzz_frame.xsave_mask >> number & 1) == 0) return {};
  uint32_t eax = 0, ebx = 0, ecx = 0, edx = 0;
  __cpuid_count(0xD, number, eax, ebx, ecx, edx);
  return {ebx, eax};
}

std::vector<Component> find_components() {
  std::vector<Component> all = {{24, 4}, {32, 128}, {160, 256}};  // mxcsr, st, xmm
  for (const unsigned number : {2u, 5u, 6u, 7u}) all.push_back(component(number));
  return all;
}

/// Control, status and tag words. The last instruction's opcode and addresses are left out: a
/// translated program's instruction pointer points to where it really ran, and AMD CPUs lose all
/// three at any save and restore (of the kernel's, or an engine's) while no exception is pending.
std::array<uint8_t, 6> x87_control() {
  std::array<uint8_t, 6> control = {};
  const bool initial = (fuzz_frame.xsave[512] & 1) == 0;
  if (initial) {
    control[0] = 0x7F;
    control[1] = 0x03;
    return control;
  }
  std::memcpy(control.data(), fuzz_frame.xsave, control.size());
  return control;
}

class Hash {
 public:
  void add(uint64_t value) {
    state_ = (state_ ^ value) * 0x9E3779B97F4A7C15u;
    state_ ^= state_ >> 29;
  }
  void add_memory(const void* data, size_t size) {
    uint64_t lanes[4] = {1, 2, 3, 4};
    const auto* bytes = static_cast<const uint8_t*>(data);
    size_t at = 0;
    for (; at + 32 <= size; at += 32) {
      uint64_t words[4];
      std::memcpy(words, bytes + at, sizeof words);
      for (int lane = 0; lane < 4; ++lane) {
        lanes[lane] = (lanes[lane] ^ words[lane]) * 0x9E3779B97F4A7C15u;
        lanes[lane] ^= lanes[lane] >> 32;
      }
    }
    for (; at < size; ++at) add(bytes[at]);
    for (const uint64_t lane : lanes) add(lane);
  }
  uint64_t value() const { return state_; }

 private:
  uint64_t state_ = 0xCBF29CE484222325u;
};

uint64_t random_integer(Random& random, const Layout& layout) {
  switch (random.below(8)) {
    case 0:
      return random.below(256);
    case 1:
      return ~uint64_t{random.below(256)};
    case 2:
      return uint64_t{1} << random.below(64);
    case 3:
      return (uint64_t{1} << random.below(64)) - 1;
    case 4:
      return random.word();
    case 5:
      return layout.data() + random.below(kRegionSize);
    default:
      return random.next();
  }
}

/// Bytes that make interesting floats of both widths as well as interesting integers.
void fill_vector(Random& random, uint8_t* at, size_t size) {
  static constexpr uint32_t kSpecial[] = {0,          0x80000000, 0x3F800000, 0xBF800000,
                                          0x7F800000, 0xFF800000, 0x7FC00000, 0x7F800001,
                                          0x00000001, 0x00800000, 0x7F7FFFFF, 0x3FF00000,
                                          0x7FF00000, 0x40490FDB, 0xFFFFFFFF};
  for (size_t offset = 0; offset < size; offset += 4) {
    const uint32_t value = random.percent(40)   ? random.pick(std::span<const uint32_t>(kSpecial))
                           : random.percent(50) ? 0x3F000000 + (random.word() & 0x1FFFFFF)
                                                : random.word();
    std::memcpy(at + offset, &value, sizeof value);
  }
}

void fill_x87(Random& random) {
  uint8_t* area = fuzz_frame.xsave;
  const uint32_t control = 0x3F | random.below(4) << 8 | random.below(4) << 10 | 0x40;
  const uint32_t status = random.below(8) << 11 | (random.word() & 0x4700);
  std::memcpy(area, &control, 2);
  std::memcpy(area + 2, &status, 2);
  area[4] = random.byte();  // abridged tags
  for (int reg = 0; reg < 8; ++reg) {
    uint64_t mantissa = random.next() | uint64_t{1} << 63;
    uint16_t exponent = static_cast<uint16_t>(0x3FFF - 20 + random.below(40));
    if (random.one_in(6)) exponent = random.one_in(2) ? 0x7FFF : 0;
    if (random.one_in(6)) mantissa = uint64_t{1} << 63;
    if (random.one_in(12)) mantissa = exponent = 0;
    if (random.one_in(2)) exponent |= 0x8000;
    std::memcpy(area + 32 + 16 * reg, &mantissa, 8);
    std::memcpy(area + 40 + 16 * reg, &exponent, 2);
  }
}

void fill_memory(Random& random, uint64_t address) {
  // Cheap and repeatable: 64 random words, then every later word from one 64 before it.
  auto* words = reinterpret_cast<uint64_t*>(address);
  fill_vector(random, reinterpret_cast<uint8_t*>(words), 512);
  for (size_t at = 64; at < kRegionSize / 8; ++at) {
    words[at] = words[at - 64] ^ words[at - 63] >> 7 ^ at * 0x100000001B3u;
  }
}

}  // namespace

Machine::Machine(const Layout& layout) : layout_(layout) {
  fuzz_frame.xsave_mask = supported_components();
  components_ = find_components();
  map_fixed(layout.data(), kRegionSize);
  map_fixed(layout.stack(), kRegionSize);
  install_handlers();
  if (layout.gs && syscall(SYS_arch_prctl, ARCH_SET_GS, kGsBase) != 0) die("gs has no base");
  running.faults.reserve(kMaxFaults + 4);
}

void Machine::prepare(Random& random, unsigned base_register) {
  for (uint64_t& reg : fuzz_frame.gpr) reg = random_integer(random, layout_);
  fuzz_frame.gpr[4] = layout_.stack() + kRegionSize / 2 + 8 * random.below(64);
  fuzz_frame.gpr[base_register] = layout_.data() + kRegionSize / 2 + 64 * random.below(16);
  fuzz_frame.rflags = 0x202 | (random.word() & 0x8D5);
  std::memset(fuzz_frame.xsave, 0, kXsaveSize);
  fill_x87(random);
  const uint32_t mxcsr = random.percent(60) ? 0x1F80 : 0x1F80 | (random.word() & 0xE040);
  std::memcpy(fuzz_frame.xsave + 24, &mxcsr, sizeof mxcsr);
  fill_vector(random, fuzz_frame.xsave + 160, 256);
  for (size_t at = 3; at < components_.size(); ++at) {
    fill_vector(random, fuzz_frame.xsave + components_[at].offset, components_[at].size);
  }
  std::memcpy(fuzz_frame.xsave + 512, &fuzz_frame.xsave_mask, 8);
  fill_memory(random, layout_.data());
  fill_memory(random, layout_.stack());
}

void Machine::run(uint64_t index, uint64_t entry, const std::vector<uint16_t>& boundaries) {
  running.index = index;
  running.start = entry;
  running.faults.clear();
  running.boundaries = &boundaries;
  fuzz_frame.entry = entry;
  fuzz_enter();
  running.boundaries = nullptr;
}

const std::vector<Fault>& Machine::faults() const { return running.faults; }

uint64_t Machine::digest() const {
  Hash hash;
  for (const uint64_t reg : fuzz_frame.gpr) hash.add(reg);
  hash.add(fuzz_frame.rflags);
  const auto control = x87_control();
  hash.add_memory(control.data(), control.size());
  for (const Component& part : components_)
    hash.add_memory(fuzz_frame.xsave + part.offset, part.size);
  hash.add_memory(reinterpret_cast<void*>(layout_.data()), kRegionSize);
  hash.add_memory(reinterpret_cast<void*>(layout_.stack()), kRegionSize);
  for (const Fault& fault : running.faults) {
    hash.add(static_cast<uint64_t>(fault.signal));
    hash.add(static_cast<uint64_t>(fault.code));
    hash.add(fault.address);
    for (const uint64_t reg : fault.gpr) hash.add(reg);
    hash.add(fault.rip);
    hash.add(fault.rflags);
    hash.add(fault.trap);
    hash.add(fault.error);
  }
  return hash.value();
}

namespace {

constexpr const char* kNames[16] = {"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
                                    "r8",  "r9",  "r10", "r11", "r12", "r13", "r14", "r15"};

void print(std::string& out, const char* name, uint64_t value) {
  char line[64];
  std::snprintf(line, sizeof line, "%s %016llx\n", name, static_cast<unsigned long long>(value));
  out += line;
}

void print_bytes(std::string& out, const char* name, uint64_t label, const uint8_t* bytes,
                 size_t size) {
  for (size_t at = 0; at < size; at += 16) {
    char text[64];
    std::snprintf(text, sizeof text, "%s+%" PRIx64, name, label + at);
    out += text;
    for (size_t byte = at; byte < std::min(size, at + 16); ++byte) {
      std::snprintf(text, sizeof text, " %02x", bytes[byte]);
      out += text;
    }
    out += '\n';
  }
}

}  // namespace

std::string Machine::describe() const {
  std::string out;
  for (const Fault& fault : running.faults) {
    print(out, "fault.signal", static_cast<uint64_t>(fault.signal));
    print(out, "  code", static_cast<uint64_t>(fault.code));
    print(out, "  address", fault.address);
    print(out, "  rip", fault.rip);
    print(out, "  rflags", fault.rflags);
    print(out, "  trap", fault.trap);
    print(out, "  error", fault.error);
    for (int reg = 0; reg < 16; ++reg) print(out, kNames[reg], fault.gpr[reg]);
  }
  out += "end\n";
  for (int reg = 0; reg < 16; ++reg) print(out, kNames[reg], fuzz_frame.gpr[reg]);
  print(out, "rflags", fuzz_frame.rflags);
  const auto control = x87_control();
  print_bytes(out, "x87", 0, control.data(), control.size());
  static constexpr const char* kParts[] = {"mxcsr", "st",       "xmm",  "ymm.high",
                                           "k",     "zmm.high", "zmm16"};
  size_t part = 0;
  for (const Component& where : components_) {
    print_bytes(out, kParts[part++], 0, fuzz_frame.xsave + where.offset, where.size);
  }
  print_bytes(out, "data", 0, reinterpret_cast<const uint8_t*>(layout_.data()), kRegionSize);
  print_bytes(out, "stack", 0, reinterpret_cast<const uint8_t*>(layout_.stack()), kRegionSize);
  return out;
}

uint64_t way_out() { return reinterpret_cast<uint64_t>(&fuzz_leave); }

}  // namespace fuzz

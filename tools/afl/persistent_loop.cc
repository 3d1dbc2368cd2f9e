#include "afl/persistent_loop.h"

#include <dlfcn.h>
#include <fmt/format.h>
#include <unistd.h>

#include <csignal>
#include <cstring>

namespace weft::tools::afl {

/// General registers in the order in which hooks name them, then vector registers.
struct HookRegisters {
  uint64_t rax, rbx, rcx, rdx, rdi, rsi, rbp;
  uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
  uint64_t rip, rsp, rflags;
  uint8_t zmm[32][64];
};

namespace {

constexpr Register kInOrder[] = {Register::kRax, Register::kRbx, Register::kRcx, Register::kRdx,
                                 Register::kRdi, Register::kRsi, Register::kRbp, Register::kR8,
                                 Register::kR9,  Register::kR10, Register::kR11, Register::kR12,
                                 Register::kR13, Register::kR14, Register::kR15};

uint64_t* word_at(uint64_t address) {
  return reinterpret_cast<uint64_t*>(address);  // NOLINT(performance-no-int-to-ptr)
}

}  // namespace

void PersistentLoop::begin(CallContext& context, Address start, uint64_t rounds) {
  running_ = true;
  rounds_left_ = rounds;
  start_ = start;
  for (size_t i = 0; i < kRegisters; ++i) registers_[i] = context.get(static_cast<Register>(i));
  flags_ = context.flags();
  // The return address, and what lies above it as far as arguments reach.
  constexpr size_t kKept = 8;
  const uint64_t* top = word_at(context.get(Register::kRsp));
  stack_.assign(top, top + kKept);
}

bool PersistentLoop::next(CallContext& context) {
  if (rounds_left_ != 0 && --rounds_left_ == 0) return false;
  kill(getpid(), SIGSTOP);
  for (size_t i = 0; i < kRegisters; ++i) context.set(static_cast<Register>(i), registers_[i]);
  context.set_flags(flags_);
  std::memcpy(word_at(registers_[static_cast<size_t>(Register::kRsp)]), stack_.data(),
              stack_.size() * sizeof(uint64_t));
  context.redirect(start_);
  return true;
}

void PersistentLoop::call_with_input(CallContext& context, Address function, Address home,
                                     Input& input) {
  const std::span<uint8_t> bytes = input.next();
  // As behind a call: the stack is aligned but for the return address. Below rsp lies the red zone.
  constexpr uint64_t kRedZone = 128;
  const uint64_t stack = ((context.get(Register::kRsp) - kRedZone) & ~uint64_t{15}) - 8;
  *word_at(stack) = home;
  context.set(Register::kRsp, stack);
  context.set(Register::kRdi, reinterpret_cast<uint64_t>(bytes.data()));
  context.set(Register::kRsi, bytes.size());
  context.redirect(function);
}

bool PersistentLoop::load_hook(Process& process, const std::string& path) {
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    process.fail(fmt::format("AFL_QEMU_PERSISTENT_HOOK: {}", dlerror()));
  }
  hook_ = reinterpret_cast<Hook>(dlsym(library, "afl_persistent_hook"));
  if (hook_ == nullptr) {
    process.fail(
        fmt::format("AFL_QEMU_PERSISTENT_HOOK: {} has no function afl_persistent_hook", path));
  }
  const auto initialize = reinterpret_cast<int (*)()>(dlsym(library, "afl_persistent_hook_init"));
  return initialize != nullptr && initialize() != 0;
}

void PersistentLoop::run_hook(CallContext& context, Input& input) {
  HookRegisters registers{};
  auto* field = &registers.rax;
  for (size_t i = 0; i < std::size(kInOrder); ++i) field[i] = context.get(kInOrder[i]);
  registers.rip = context.pc();
  registers.rsp = context.get(Register::kRsp);
  registers.rflags = context.flags();
  const std::span<uint8_t> bytes = input.is_shared() ? input.next() : std::span<uint8_t>{};
  hook_(&registers, 0, bytes.data(), static_cast<uint32_t>(bytes.size()));
  for (size_t i = 0; i < std::size(kInOrder); ++i) context.set(kInOrder[i], field[i]);
  context.set(Register::kRsp, registers.rsp);
  context.set_flags(registers.rflags);
}

}  // namespace weft::tools::afl

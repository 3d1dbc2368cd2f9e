#include "linux/signal/xstate.h"

#include <sys/mman.h>

#include <algorithm>
#include <csignal>
#include <cstring>

#include "base/check.h"
#include "linux/kernel/calls.h"
#include "linux/kernel/program_memory.h"
#include "linux/kernel/raw_syscall.h"
#include "linux/signal/handler.h"
#include "x86/xsave_layout.h"

namespace weft::linux {
namespace {

constexpr size_t kLegacySize = 512;
constexpr size_t kHeaderSize = 64;
constexpr size_t kMxcsr = 24;
constexpr size_t kMxcsrMask = 28;
constexpr size_t kX87Registers = 32;
constexpr size_t kXmmRegisters = 160;
constexpr size_t kXmmSize = 256;
constexpr uint16_t kInitialControlWord = 0x37F;
constexpr uint32_t kInitialMxcsr = 0x1F80;
constexpr uint64_t kX87 = 1;
constexpr uint64_t kSse = 2;

template <typename T>
T load(const uint8_t* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

template <typename T>
void store(uint8_t* to, const T& value) {
  std::memcpy(to, &value, sizeof value);
}

/// Asked for before any thread, since what makes it once is not for signal handlers.
const x86::XsaveLayout& kLayout = x86::xsave_layout();

/// XSAVEOPT leaves out what is in its initial state; a frame has it spelled out.
void spell_out_initial_state(uint8_t* area, size_t size, uint64_t features) {
  const auto used = load<uint64_t>(area + kLegacySize);
  if ((used & kX87) == 0) {
    std::memset(area, 0, kMxcsr);
    store(area, kInitialControlWord);
    std::memset(area + kX87Registers, 0, kXmmRegisters - kX87Registers);
  }
  if ((used & kSse) == 0) std::memset(area + kXmmRegisters, 0, kXmmSize);
  for (unsigned i = x86::xsave::kAvx; i < x86::kXsaveComponents; ++i) {
    if ((features >> i & 1) == 0 || (used >> i & 1) != 0) continue;
    const x86::XsaveComponent& component = kLayout[i];
    if (size_t{component.offset} + component.size <= size) {
      std::memset(area + component.offset, 0, component.size);
    }
  }
}

/// What the probe's handler saw; written once, by the thread that called learn().
struct {
  FrameXstate extended;
  uint32_t mxcsr_mask;
} g_seen;

void look(int, siginfo_t*, void* context) {
  const auto& frame = *static_cast<const FrameContext*>(context);
  const auto* area = reinterpret_cast<const uint8_t*>(frame.registers.fpstate);
  g_seen.extended = load<FrameXstate>(area + kFrameXstateOffset);
  g_seen.mxcsr_mask = load<uint32_t>(area + kMxcsrMask);
}

}  // namespace

void spell_out_xstate(ProgramThread& thread) {
  auto* area = static_cast<uint8_t*>(thread.xsave);
  *thread.x87_apart = 0;
  spell_out_initial_state(area, thread.xsave_size, thread.xsave_mask);
  store(area + kLegacySize, thread.xsave_mask);
}

void XstateFormat::learn() {
  // Sent to this thread while it is unblocked, so it is taken before tgkill() returns. One that
  // debuggers do not stop for, and that is ignored where nobody handles it.
  constexpr int kSignal = SIGURG;
  const SignalSet mask = exchange_mask(kAllSignals & ~set_of(kSignal));
  const KernelAction before = exchange_host_action(kSignal, look);
  kernel::send_to_self(kSignal);
  raw_syscall(__NR_rt_sigaction, kSignal, word(&before), 0, sizeof(SignalSet));
  exchange_mask(mask);
  if (g_seen.mxcsr_mask != 0) mxcsr_mask_ = g_seen.mxcsr_mask;
  extended_ = g_seen.extended.magic1 == kMagic1;
  if (!extended_) return;
  features_ = g_seen.extended.features;
  size_ = g_seen.extended.xstate_size;
}

void XstateFormat::write(const ProgramThread& thread, uint8_t* area) const {
  CHECK(size_ <= thread.xsave_size);
  std::memcpy(area, thread.xsave, size_);
  FrameXstate extended{};
  if (!extended_) {
    store(area + kFrameXstateOffset, extended);
    return;
  }
  spell_out_initial_state(area, size_, features_);
  extended.magic1 = kMagic1;
  extended.extended_size = static_cast<uint32_t>(frame_size());
  extended.features = features_;
  extended.xstate_size = static_cast<uint32_t>(size_);
  store(area + kFrameXstateOffset, extended);
  uint64_t header[kHeaderSize / sizeof(uint64_t)] = {};
  header[0] = (load<uint64_t>(area + kLegacySize) & features_) | kX87 | kSse;
  std::memcpy(area + kLegacySize, header, sizeof header);
  store(area + size_, kMagic2);
}

bool XstateFormat::read(ProgramThread& thread, uint64_t from) const {
  auto* area = static_cast<uint8_t*>(thread.xsave);
  *thread.x87_apart = 0;
  uint64_t header[kHeaderSize / sizeof(uint64_t)] = {};
  if (from == 0) {
    store(area + kMxcsr, kInitialMxcsr);
    std::memcpy(area + kLegacySize, header, sizeof header);
    return true;
  }
  FrameXstate extended;
  if (!read_program(&extended, from + kFrameXstateOffset)) return false;
  uint32_t magic2 = 0;
  const bool whole = extended.magic1 == kMagic1 && extended.xstate_size <= size_ &&
                     extended.xstate_size >= kLegacySize + kHeaderSize &&
                     extended.xstate_size <= extended.extended_size &&
                     read_program(&magic2, from + extended.xstate_size) && magic2 == kMagic2;
  const size_t size = whole ? extended.xstate_size : kLegacySize;
  if (!read_program(static_cast<void*>(area), from, size)) return false;
  header[0] = whole ? load<uint64_t>(area + kLegacySize) & extended.features & thread.xsave_mask
                    : kX87 | kSse;
  std::memcpy(area + kLegacySize, header, sizeof header);
  const auto mxcsr = load<uint32_t>(area + kMxcsr);
  store(area + kMxcsr, mxcsr & mxcsr_mask_);
  // The kernel loads the state as it is and kills for bits that the CPU has not.
  return !whole || (mxcsr & ~mxcsr_mask_) == 0;
}

}  // namespace weft::linux

// The persistent mode: a part of the program runs again and again in one process. One object a
// process; used by the thread that runs the loop, in clean calls.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "afl/input.h"
#include "weft/tool.h"

namespace weft::tools::afl {

/// What a hook for QEMU's persistent mode sees of the registers (AFL++'s documentation).
struct HookRegisters;

class PersistentLoop {
 public:
  /// The first round begins at `start`, with the registers of `context`. It ends where `end` is
  /// reached, or where the function whose frame this is returns.
  void begin(CallContext& context, Address start, uint64_t rounds);
  bool is_running() const { return running_; }

  /// `function` is called with each input's place and size, and returns to `home`.
  void call_with_input(CallContext& context, Address function, Address home, Input& input);

  /// A round is done: the process stops until the next input is there, and the registers are those
  /// of the first round. False: that was the last one.
  bool next(CallContext& context);

  /// Loads the user's hook for AFL's QEMU mode. True if it wants inputs by shared memory.
  bool load_hook(Process& process, const std::string& path);
  bool has_hook() const { return hook_ != nullptr; }
  void run_hook(CallContext& context, Input& input);

 private:
  using Hook = void (*)(HookRegisters*, uint64_t, uint8_t*, uint32_t);
  static constexpr size_t kRegisters = 16;

  bool running_ = false;
  uint64_t rounds_left_ = 0;
  Address start_ = 0;
  std::array<uint64_t, kRegisters> registers_{};
  uint64_t flags_ = 0;
  std::vector<uint64_t> stack_;  ///< the words from rsp on, which a call writes or takes
  Hook hook_ = nullptr;
};

}  // namespace weft::tools::afl

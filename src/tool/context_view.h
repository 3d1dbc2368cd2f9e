// The program's registers as tools see them. Part of the thread's view, for its own thread; one
// clean call at a time.
#pragma once

#include "weft/process.h"
#include "x86/context.h"

namespace weft::engine {
class Thread;
}

namespace weft::tool {

class ThreadView;

class ContextView final : public CallContext {
 public:
  explicit ContextView(ThreadView& thread) : thread_(thread) {}

  /// Around the call of a tool's function at `pc`.
  void begin_call(Address pc);
  /// Whether the function had the program go on elsewhere.
  bool end_call();

  uint64_t get(Register reg) const override;
  void set(Register reg, uint64_t value) override;
  Address pc() const override;
  uint64_t flags() const override;
  void set_flags(uint64_t flags) override;
  uint64_t fs_base() const override;
  uint64_t gs_base() const override;
  void* xsave() override;
  Thread& thread() override;
  void redirect(Address pc) override;
  [[noreturn]] void leave_call() override;

  /// Calls a clean call's function, between begin_call() and end_call().
  template <typename Call>
  void run(Call call) {
    if (__builtin_setjmp(way_back_) == 0) call();
  }

 private:
  x86::CpuContext& context() const;

  ThreadView& thread_;
  bool in_call_ = false;
  bool redirected_ = false;
  Address pc_ = 0;          ///< in_call_: of the call
  void* way_back_[5] = {};  ///< while a function runs
};

}  // namespace weft::tool

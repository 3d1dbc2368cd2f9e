// A system call as tools see it. Lives for one event, on its thread.
#pragma once

#include "tool/thread_view.h"
#include "weft/process.h"

namespace weft::tool {

class SyscallView final : public SystemCall {
 public:
  /// `after`: number and arguments are those that keep() noted before.
  SyscallView(ThreadView& thread, x86::CpuContext& context, bool after)
      : thread_(thread), context_(context), after_(after) {}

  Thread& thread() override { return thread_; }
  uint64_t number() const override;
  uint64_t argument(int index) const override;
  Address pc() const override { return context_.rip; }
  int64_t result() const override { return static_cast<int64_t>(context_[x86::kRax]); }
  void set_number(uint64_t number) override;
  void set_argument(int index, uint64_t value) override;
  void set_result(int64_t result) override;
  void call_again() override { again_ = after_; }

  /// Notes number and arguments for on_syscall_after().
  void keep();
  bool has_result() const { return has_result_; }
  bool wants_another() const { return again_; }

 private:
  void check(int index) const;
  uint64_t& register_of(int index) const;

  ThreadView& thread_;
  x86::CpuContext& context_;
  bool after_;
  bool has_result_ = false;
  bool again_ = false;
  uint64_t number_before_ = 0;  ///< while a result stands in rax
};

}  // namespace weft::tool

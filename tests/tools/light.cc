// Clean calls of functions that use general registers only: their arguments are what the program's
// state says, and the program's state stays what it is.
#include <cstdio>

#include "weft/tool.h"

namespace {

struct Sums {
  uint64_t calls = 0;
  uint64_t indices = 0;
  uint64_t values = 0;
  uint64_t wrong = 0;
  uint64_t carries = 0;
};

/// Leaves nothing in the registers that it may change. Cannot be told to have been called cheaply:
/// the functions' own tests (callee_test.cc) show what is.
WEFT_GENERAL_REGISTERS_ONLY void note(Sums* sums, uint64_t index, uint64_t base, uint64_t address,
                                      uint64_t value, uint64_t flags) {
  ++sums->calls;
  sums->indices += index;
  sums->values += value;
  sums->wrong += static_cast<uint64_t>(address != base + 8 * index);
  sums->carries += flags & 1;
  asm volatile(
      "mov $-1, %%eax; mov %%eax, %%ecx; mov %%eax, %%edx; mov %%eax, %%r8d; mov %%eax, %%r9d;"
      "mov %%eax, %%r10d; mov %%eax, %%r11d; add %%eax, %%eax" ::
          : "rax", "rcx", "rdx", "r8", "r9", "r10", "r11", "cc");
}

class Light final : public weft::Tool {
 public:
  void on_start(weft::Process& process, const weft::Options&) override {
    counter_ = process.new_thread_counter();
    process_ = &process;
  }
  void on_block(weft::Block& block) override {
    using weft::Register;
    using weft::register_value;
    for (size_t i = 0; i < block.size(); ++i) {
      const auto operands = block[i].details().operands;
      const int memory = block[i].memory_operand();
      if (memory < 0 || operands[static_cast<size_t>(memory)].index != Register::kRcx) continue;
      block.before(i).call(note, &sums_, register_value(Register::kRcx),
                           register_value(Register::kRsi), weft::memory_address(memory),
                           weft::memory_value(memory), weft::flags_value());
      block.before(i).add(counter_);
      block.before(i).call(compare, &sums_, weft::thread_id(), weft::thread_counter(counter_),
                           process_->id());
    }
  }
  void on_exit(weft::Process&, int status) override {
    std::fprintf(stderr,
                 "light: calls=%lu indices=%lu values=%lu carries=%lu wrong=%lu status=%d\n",
                 sums_.calls, sums_.indices, sums_.values, sums_.carries, sums_.wrong, status);
  }

 private:
  WEFT_GENERAL_REGISTERS_ONLY static void compare(Sums* sums, uint64_t thread, uint64_t counted,
                                                  uint64_t process) {
    sums->wrong += static_cast<uint64_t>(thread != process || counted != sums->calls);
  }

  Sums sums_;
  weft::ThreadCounter counter_;
  weft::Process* process_ = nullptr;
};

}  // namespace

WEFT_TOOL(Light);

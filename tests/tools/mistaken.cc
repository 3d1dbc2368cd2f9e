// A tool that makes the mistake that it is told to.
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>

#include "weft/tool.h"

namespace {

class Mistaken final : public weft::Tool {
 public:
  void declare(weft::OptionList& options) override { options.add_text("in", "", "the mistake"); }

  void on_start(weft::Process& process, const weft::Options& options) override {
    in_ = options.text("in");
    process_ = &process;
    error_stream_ = process.error_stream();
    const weft::FlushFunction flush = [](weft::Thread&, const void*, size_t, void*) {};
    for (int i = 0; is("buffers") && i < 17; ++i) process.new_buffer(8, 16, flush, nullptr);
    for (int i = 0; is("keys") && i < 1025; ++i) process.new_thread_key();
    if (is("abort_in_start")) std::abort();
    if (is("throw_in_thread")) std::thread(throw_it).detach();
    if (is("fork")) fork_and_abort();
    dprintf(error_stream_, "mistaken: started\n");
  }

  void on_block(weft::Block& block) override {
    if (is("delete_own")) process_->code().delete_fragment(block.tag());
    if (is("delete_all")) process_->code().delete_all();
    if (is("abort_in_block")) std::abort();
    if (is("throw_in_block")) throw std::runtime_error("out of luck");
    if (is("far")) block.before(1000).call(&nothing);
    if (is("null")) block.before(0).call(static_cast<void (*)()>(nullptr));
    if (is("abort_in_call")) block.before(0).call(&std::abort);
    if (is("throw_in_call")) block.before(0).call(&throw_it);
    if (is("recursion")) block.before(0).call(&overflow);
    if (is("hang_in_call")) block.before(0).call(&hang);
    if (is("hang_in_light_call")) block.before(0).call(&spin);
    if (is("redirect")) block.before(0).call(&redirect, weft::call_context());
    if (is("hang_in_block")) hang();
  }

  void on_syscall_before(weft::SystemCall& call) override {
    if (is("argument")) call.argument(9);
    if (is("hang_in_syscall")) hang();
  }

  void on_exit(weft::Process& process, int status) override {
    if (is("late_fault")) *static_cast<volatile int*>(nullptr) = 1;
    if (is("hang_in_exit")) hang();
    if (is("status")) {
      dprintf(error_stream_, "mistaken: status %d signal %d\n", status, process.death_signal());
    }
  }

 private:
  bool is(const char* what) const { return in_ == what; }

  static void nothing() {}
  static void throw_it() { throw std::runtime_error("out of luck"); }
  static unsigned recurse(unsigned depth) {
    if (depth == ~0u) return 0;
    volatile char kept[1024] = {static_cast<char>(depth)};
    return recurse(depth + 1) + static_cast<unsigned>(kept[depth % sizeof kept]);
  }
  static void overflow() { recurse(1); }
  static void hang() {
    std::mutex mutex;
    mutex.lock();
    mutex.lock();
  }
  WEFT_GENERAL_REGISTERS_ONLY static void spin() {
    for (;;) asm volatile("pause");
  }
  static void redirect(weft::CallContext& context) {
    context.redirect(reinterpret_cast<weft::Address>(&nothing));
  }
  /// A child of the tool's own that ends badly is nobody else's business.
  static void fork_and_abort() {
    const pid_t child = fork();
    if (child == 0) std::abort();
    int status = 0;
    waitpid(child, &status, 0);
    std::fprintf(stderr, "mistaken: child %d\n", WTERMSIG(status));
  }

  std::string in_;
  weft::Process* process_ = nullptr;
  int error_stream_ = 2;
};

}  // namespace

WEFT_TOOL(Mistaken);

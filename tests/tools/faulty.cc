// A tool that fails in the way that it is told to.
#include <cstring>
#include <string>

#include "weft/tool.h"

namespace {

class Faulty final : public weft::Tool {
 public:
  void declare(weft::OptionList& options) override {
    options.add_text("in", "", "start, block, call, light, library or nowhere");
  }
  void on_start(weft::Process&, const weft::Options& options) override {
    in_ = options.text("in");
    if (in_ == "start") fail(nullptr);
  }
  void on_block(weft::Block& block) override {
    int* const nothing = nullptr;
    if (in_ == "block") fail(nothing);
    if (in_ == "call") block.before(0).call(fail_with_all_state, nothing);
    if (in_ == "light") block.before(0).call(fail, nothing);
    if (in_ == "nowhere") block.before(0).call(call_nothing, nothing);
    if (in_ == "library") block.before(0).call(fail_in_library, nothing, &size_);
  }

 private:
  static void fail(int* where) { *static_cast<volatile int*>(where) = 1; }
  static void fail_with_all_state(int* where) {
    asm volatile("pxor %%xmm0, %%xmm0" ::: "xmm0");
    fail(where);
  }
  static void call_nothing(int* nowhere) {
    asm volatile("pxor %%xmm0, %%xmm0" ::: "xmm0");
    asm volatile("" : "+r"(nowhere));
    reinterpret_cast<void (*)()>(nowhere)();
    asm volatile("");
  }
  static void fail_in_library(int* where, size_t* size) {
    std::memset(where, 1, *size);
    asm volatile("");
  }

  std::string in_;
  size_t size_ = 100;
};

}  // namespace

WEFT_TOOL(Faulty);

// Has a thread of its own, which blocks no signal. The program's signals are none of its business.
#include <atomic>
#include <chrono>
#include <cstdio>
#include <thread>

#include "weft/tool.h"

namespace {

class Bystander final : public weft::Tool {
 public:
  void on_start(weft::Process& process, const weft::Options&) override {
    error_stream_ = process.error_stream();
    thread_ = std::thread([this] {
      while (!ends_) {
        ++naps_;
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
      }
    });
    while (naps_ == 0) std::this_thread::yield();
  }

  void on_exit(weft::Process&, int status) override {
    ends_ = true;
    thread_.join();
    dprintf(error_stream_, "bystander: status=%d naps=%s\n", status, naps_ > 1 ? "yes" : "no");
  }

 private:
  int error_stream_ = 2;
  std::thread thread_;
  std::atomic<bool> ends_{false};
  std::atomic<uint64_t> naps_{0};
};

}  // namespace

WEFT_TOOL(Bystander);

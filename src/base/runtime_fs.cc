#include "base/runtime_fs.h"

#include <atomic>

namespace weft {
namespace {

/// Beside the logger the one variable of the process: allocation, which asks, gets no argument of
/// ours.
std::atomic<void (*)() noexcept> g_take{nullptr};

}  // namespace

void need_runtime_fs() noexcept {
  if (void (*const take)() noexcept = g_take.load(std::memory_order_relaxed)) take();
}

void set_runtime_fs_switch(void (*take)() noexcept) noexcept {
  g_take.store(take, std::memory_order_relaxed);
}

}  // namespace weft

#include "tool/thread_stop.h"

#include <unistd.h>

#include <ctime>

#include "engine/engine.h"

namespace weft::tool {
namespace {

constexpr uint64_t kNsPerSecond = 1'000'000'000;
constexpr uint64_t kPause = 50'000;           // ns between looks
constexpr uint32_t kLooksBetweenNudges = 40;  // a nudge costs its thread a signal

uint64_t now() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<uint64_t>(time.tv_sec) * kNsPerSecond + static_cast<uint64_t>(time.tv_nsec);
}

/// In a system call or standing still, and in no tool's code; or waiting in a stop of its own. It
/// cannot get out of that: who rests no longer, announces an epoch or begins a tool's call looks at
/// `to_stop` behind that.
bool stands(const ThreadView& view) {
  if (view.waits_to_stop.load()) return true;
  const engine::Thread& thread = view.thread();
  return thread.rests.load() && thread.epoch.announced.load() == 0 &&
         thread.tool_call.event == nullptr;
}

}  // namespace

void ThreadStop::take(ThreadView* self) {
  if (self != nullptr) self->waits_to_stop = true;
  while (taken_.exchange(true)) taken_.wait(true);
  const Locked held(lock_);
  on_ = true;
  stopper_ = self;
  if (self != nullptr) self->waits_to_stop = false;
  for (const auto& each : threads_) each->thread().to_stop = each.get() != self;
}

bool ThreadStop::all_stand(bool nudge) {
  bool all = true;
  for (const auto& each : threads_) {
    if (each.get() == stopper_ || stands(*each)) continue;
    all = false;
    if (nudge) engine::Engine::have_enter_again(each->thread());
  }
  return all;
}

bool ThreadStop::wait_for_all(uint64_t timeout_ns) {
  // A thread announces what it does and looks at `to_stop`; here it is the other way round.
  std::atomic_thread_fence(std::memory_order_seq_cst);
  const uint64_t end = now() + timeout_ns;
  for (uint32_t look = 0;; ++look) {
    {
      const Locked held(lock_);
      if (all_stand(look % kLooksBetweenNudges == 0)) return true;
    }
    if (now() >= end) return false;
    const timespec pause{0, kPause};
    nanosleep(&pause, nullptr);
  }
}

bool ThreadStop::stop(ThreadView* self, uint64_t timeout_ns) {
  take(self);
  if (wait_for_all(timeout_ns)) return true;
  resume();
  return false;
}

void ThreadStop::stop_for_good(ThreadView* self, uint64_t timeout_ns) {
  take(self);
  wait_for_all(timeout_ns);
}

void ThreadStop::stand_for_good(ThreadView& self) {
  self.waits_to_stop = true;
  for (;;) pause();
}

void ThreadStop::resume() {
  {
    const Locked held(lock_);
    on_ = false;
    stopper_ = nullptr;
    for (const auto& each : threads_) {
      each->thread().to_stop = false;
      each->thread().to_stop.notify_all();
    }
  }
  taken_ = false;
  taken_.notify_all();
}

std::vector<ThreadView*> ThreadStop::stopped() {
  const Locked held(lock_);
  std::vector<ThreadView*> result;
  for (const auto& each : threads_) {
    if (each.get() != stopper_) result.push_back(each.get());
  }
  return result;
}

void ThreadStop::add(ThreadView& view) const { view.thread().to_stop = on_; }

void ThreadStop::forget() {
  const Locked held(lock_);
  on_ = false;
  stopper_ = nullptr;
  taken_ = false;
  for (const auto& each : threads_) each->thread().to_stop = false;
}

}  // namespace weft::tool

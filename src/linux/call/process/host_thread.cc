#include "linux/call/process/host_thread.h"

#include <pthread.h>
#include <sys/mman.h>

#include <algorithm>
#include <cerrno>

#include "base/address.h"
#include "linux/kernel/calls.h"
#include "linux/kernel/raw_syscall.h"
#include "linux/signal/handler.h"

namespace weft::linux {
namespace {

/// Untouched pages cost nothing; libc puts the thread-local storage of all libraries here too.
constexpr size_t kStackSize = size_t{512} << 10;
constexpr pid_t kStarting = -1;
constexpr size_t kSearchLimit = 32;

pid_t current_tid() { return kernel::current_thread(); }

}  // namespace

void* HostThreads::run(void* argument) {
  // libc starts its threads with its own cancellation signal unblocked, which may be the program's
  // timers' as well.
  exchange_mask(kAsynchronousSignals);
  Stack& stack = *static_cast<Stack*>(argument);
  stack.tid.store(current_tid(), std::memory_order_relaxed);
  stack.body(stack.argument);
  // Release: whoever sees this may look at the tid, and use the stack when that thread is gone.
  stack.finished.store(true, std::memory_order_release);
  return nullptr;
}

/// The kernel's own word for the end of the thread (clear_child_tid) belongs to the program, so it
/// is asked whether the thread is still there. A number given to another thread only delays reuse.
bool HostThreads::is_gone(const Stack& stack) {
  const pid_t tid = stack.tid.load(std::memory_order_relaxed);
  if (tid == 0) return true;
  return stack.finished.load(std::memory_order_acquire) &&
         raw_syscall(__NR_tkill, static_cast<uint64_t>(tid), 0) == -ESRCH;
}

HostThreads::Stack* HostThreads::take() {
  const Locked held(lock_);
  for (size_t tries = 0; tries < std::min(stacks_.size(), kSearchLimit); ++tries) {
    next_ = (next_ + 1) % stacks_.size();
    Stack& stack = *stacks_[next_];
    if (!is_gone(stack)) continue;
    stack.finished.store(false, std::memory_order_relaxed);
    stack.tid.store(kStarting, std::memory_order_relaxed);
    return &stack;
  }
  const int64_t memory = raw_syscall(__NR_mmap, 0, kStackSize + kPageSize, PROT_READ | PROT_WRITE,
                                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK,
                                     static_cast<uint64_t>(-1), 0);
  if (failed(memory)) return nullptr;
  raw_syscall(__NR_mprotect, static_cast<uint64_t>(memory), kPageSize, PROT_NONE);
  auto stack = std::make_unique<Stack>();
  stack->base = reinterpret_cast<uint8_t*>(memory) + kPageSize;
  stack->tid.store(kStarting, std::memory_order_relaxed);
  stacks_.push_back(std::move(stack));
  return stacks_.back().get();
}

int64_t HostThreads::start(Body body, void* argument) {
  Stack* stack = take();
  if (stack == nullptr) return -EAGAIN;
  stack->body = body;
  stack->argument = argument;
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_attr_setstack(&attributes, stack->base, kStackSize);
  pthread_t thread;
  const int error = pthread_create(&thread, &attributes, &HostThreads::run, stack);
  pthread_attr_destroy(&attributes);
  if (error != 0) stack->tid.store(0, std::memory_order_relaxed);
  return -error;
}

uint64_t HostThreads::stack_of(const void* frame) {
  const Locked held(lock_);
  const auto* at = static_cast<const uint8_t*>(frame);
  for (const auto& stack : stacks_) {
    if (at >= stack->base && at < stack->base + kStackSize) return word(stack->base);
  }
  return 0;
}

void HostThreads::after_fork_child(bool reuse) {
  // The caller's own stack is the one that this frame lies on.
  const auto here = reinterpret_cast<uint8_t*>(__builtin_frame_address(0));
  if (!reuse) {
    // libc's lists still lead through the stacks of threads that it believes alive.
    for (auto& stack : stacks_) static_cast<void>(stack.release());
    stacks_.clear();
    return;
  }
  for (auto& stack : stacks_) {
    const bool ours = here >= stack->base && here < stack->base + kStackSize;
    stack->finished.store(false, std::memory_order_relaxed);
    stack->tid.store(ours ? current_tid() : 0, std::memory_order_relaxed);
  }
}

}  // namespace weft::linux

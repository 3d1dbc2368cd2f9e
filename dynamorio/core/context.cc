#include "core/context.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "core/prepared_call.h"
#include "core/register_homes.h"

namespace weft::dynamorio {
namespace {

thread_local Context* t_current = nullptr;

}  // namespace

Context::Context() = default;
Context::~Context() = default;

Context* Context::current() { return t_current; }

void Context::set_current(Context* context) { t_current = context; }

void Context::set_result(int64 value) {
  has_result = true;
  result = value;
  if (call_is_over) call->set_result(value);
}

Context* Context::of(void* drcontext) {
  if (drcontext == nullptr || drcontext == GLOBAL_DCONTEXT) return t_current;
  return static_cast<Context*>(drcontext);
}

Context& Contexts::make(Thread* thread, pid_t id) {
  const std::lock_guard held(mutex_);
  contexts_.push_back(std::make_unique<Context>());
  Context& context = *contexts_.back();
  context.thread = thread;
  context.id = id;
  context.process = getpid();
  return context;
}

Context* Contexts::find(const Thread& thread) {
  const std::lock_guard held(mutex_);
  for (const auto& each : contexts_) {
    if (each->thread == &thread) return each.get();
  }
  return nullptr;
}

void Contexts::remove(Context& context) {
  const std::lock_guard held(mutex_);
  std::erase_if(contexts_, [&](const auto& each) { return each.get() == &context; });
}

void Contexts::remove_ended() {
  const std::lock_guard held(mutex_);
  std::erase_if(contexts_, [](const auto& each) { return each->has_ended; });
}

std::vector<std::unique_ptr<Context>> Contexts::take_others(Context& context) {
  const std::lock_guard held(mutex_);
  std::vector<std::unique_ptr<Context>> others = std::exchange(contexts_, {});
  const auto own = std::find_if(others.begin(), others.end(),
                                [&](const auto& each) { return each.get() == &context; });
  contexts_.push_back(std::move(*own));
  others.erase(own);
  return others;
}

std::vector<Context*> Contexts::all() {
  const std::lock_guard held(mutex_);
  std::vector<Context*> result;
  for (const auto& each : contexts_) result.push_back(each.get());
  return result;
}

}  // namespace weft::dynamorio

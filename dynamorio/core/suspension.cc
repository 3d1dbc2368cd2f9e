// Stopping the program's other threads.
#include <algorithm>
#include <vector>

#include "core/context.h"
#include "core/room.h"

namespace {

using weft::Thread;
using weft::dynamorio::Context;
using weft::dynamorio::Room;

/// A thread that does not come out of a client's code within this is not waited for.
constexpr uint64_t kPatience = 2'000'000'000;  // ns

/// A client's threads are not stopped.
uint count_client_threads() {
  const std::vector<Context*> all = Room::get().contexts().all();
  const Context* const own = Context::current();
  return static_cast<uint>(std::count_if(all.begin(), all.end(), [&](const Context* each) {
    return each->thread == nullptr && !each->has_ended && each != own;
  }));
}

}  // namespace

extern "C" {

bool dr_suspend_all_other_threads_ex(void*** drcontexts, uint* num_suspended, uint* num_unsuspended,
                                     dr_suspend_flags_t) {
  if (drcontexts == nullptr || num_suspended == nullptr) return false;
  std::vector<Thread*> stopped;
  if (!Room::get().process().stop_others(kPatience, stopped)) return false;
  auto** const list = new void*[stopped.size() + 1];
  uint count = 0;
  for (const Thread* each : stopped) {
    // One that has just started is none that the client knows.
    Context* const context = Room::get().contexts().find(*each);
    if (context == nullptr) continue;
    context->is_stopped = true;
    list[count++] = context;
  }
  *drcontexts = list;
  *num_suspended = count;
  if (num_unsuspended != nullptr) *num_unsuspended = count_client_threads();
  return true;
}

bool dr_suspend_all_other_threads(void*** drcontexts, uint* num_suspended, uint* num_unsuspended) {
  return dr_suspend_all_other_threads_ex(drcontexts, num_suspended, num_unsuspended,
                                         static_cast<dr_suspend_flags_t>(0));
}

bool dr_resume_all_other_threads(void** drcontexts, uint num_suspended) {
  if (drcontexts == nullptr) return false;
  for (uint i = 0; i < num_suspended; ++i) static_cast<Context*>(drcontexts[i])->is_stopped = false;
  delete[] drcontexts;
  Room::get().process().resume_others();
  return true;
}

}  // extern "C"

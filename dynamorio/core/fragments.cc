// Code in the cache: deletion, and what is there.
#include <algorithm>
#include <functional>
#include <memory>

#include "core/client_thread.h"
#include "core/context.h"
#include "core/room.h"

namespace {

using weft::Address;
using weft::Code;
using weft::FragmentInfo;
using weft::dynamorio::Context;
using weft::dynamorio::Once;
using weft::dynamorio::Room;
using weft::dynamorio::run_client_thread;

constexpr uint64_t kPatience = 1'000'000'000;  // ns

Code& code() { return Room::get().process().code(); }

Address address_of(const void* tag) { return reinterpret_cast<Address>(tag); }

/// [start, start + size), as far as there are addresses.
weft::Range range_of(app_pc start, size_t size) {
  const Address from = address_of(start);
  return {from, from + std::min<Address>(size, ~Address{0} - from)};
}

bool any_at(void* tag, bool (*matches)(const FragmentInfo&)) {
  const std::vector<FragmentInfo> found = code().fragments_at(address_of(tag));
  return std::any_of(found.begin(), found.end(), matches);
}

void wait_and_call(const std::function<void()>& completed) {
  while (!code().await_quiescence(kPatience)) {
  }
  completed();
}

/// No other thread of the program can be in what the caller deleted.
bool is_alone() {
  const std::vector<Context*> all = Room::get().contexts().all();
  return std::count_if(all.begin(), all.end(), [](const Context* each) {
           return each->thread != nullptr && !each->has_ended;
         }) <= 1;
}

/// Calls `completed` when nobody can be executing what was deleted before. A thread of the program
/// cannot wait for itself: another one does.
void when_quiescent(std::function<void()> completed) {
  const Context* const context = Context::current();
  if (context == nullptr || context->thread == nullptr) return wait_and_call(completed);
  run_client_thread([completed = std::move(completed)](Context&) { wait_and_call(completed); });
}

}  // namespace

extern "C" {

bool dr_delete_fragment(void*, void* tag) { return code().delete_fragment(address_of(tag)).any(); }

bool dr_flush_region_ex(app_pc start, size_t size, void (*flush_completion_callback)(void*),
                        void* user_data) {
  code().delete_region(range_of(start, size));
  if (flush_completion_callback == nullptr) return true;
  if (is_alone()) {
    flush_completion_callback(user_data);
  } else {
    when_quiescent([=] { flush_completion_callback(user_data); });
  }
  return true;
}

bool dr_flush_region(app_pc start, size_t size) {
  return dr_flush_region_ex(start, size, nullptr, nullptr);
}

bool dr_unlink_flush_region(app_pc start, size_t size) { return dr_flush_region(start, size); }

bool dr_delay_flush_region(app_pc start, size_t size, uint flush_id,
                           void (*flush_completion_callback)(int)) {
  code().delete_region(range_of(start, size));
  if (flush_completion_callback == nullptr) return true;
  auto once =
      std::make_shared<Once>([=] { flush_completion_callback(static_cast<int>(flush_id)); });
  Context* const context = Context::current();
  if (context != nullptr && is_alone()) context->when_out.push_back(once);
  when_quiescent([once] { once->run(); });
  return true;
}

bool dr_fragment_exists_at(void*, void* tag) { return code().exists(address_of(tag)); }

bool dr_bb_exists_at(void*, void* tag) {
  return any_at(tag, [](const FragmentInfo& each) { return !each.is_trace; });
}

bool dr_trace_exists_at(void*, void* tag) {
  return any_at(tag, [](const FragmentInfo& each) { return each.is_trace; });
}

uint dr_fragment_size(void*, void* tag) {
  const std::vector<FragmentInfo> found = code().fragments_at(address_of(tag));
  return found.empty() ? 0 : static_cast<uint>(found.front().code_bytes);
}

app_pc dr_fragment_app_pc(void* tag) { return static_cast<app_pc>(tag); }
app_pc dr_app_pc_for_decoding(app_pc pc) { return pc; }
// No code of the program is known by its place in the cache.
app_pc dr_app_pc_from_cache_pc(byte*) { return nullptr; }

// Every loop counts, without being asked to.
bool dr_mark_trace_head(void*, void*) { return true; }
bool dr_trace_head_at(void* drcontext, void* tag) { return dr_trace_exists_at(drcontext, tag); }

bool dr_prepopulate_cache(app_pc*, size_t) { return false; }
bool dr_prepopulate_indirect_targets(dr_indirect_branch_type_t, app_pc*, size_t) { return false; }

}  // extern "C"

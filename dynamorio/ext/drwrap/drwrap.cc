// drwrap over weft's own wrapping of functions.
#include "drwrap.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>

#include "core/context.h"
#include "core/room.h"
#include "ext/drwrap/hooks.h"
#include "ext/drwrap/wrap_context.h"

using namespace weft::dynamorio;

namespace {

using Before = void (*)(void*, void**);
using After = void (*)(void*, void*);
using weft::Address;
using weft::FunctionCall;
using weft::FunctionHook;
using weft::Functions;
using weft::Wrap;

struct Wrapped {
  Before before = nullptr;
  After after = nullptr;
  Wrap wrap;
};

struct Table {
  std::mutex mutex;
  std::multimap<app_pc, Wrapped> wrapped;  ///< under mutex, as the others
  std::map<app_pc, Wrap> replaced;
  std::map<app_pc, Wrap> replaced_natively;
  std::atomic<int> users{0};  ///< calls of drwrap_init() without drwrap_exit()
};

/// Something has been wrapped; stays so.
std::atomic<bool> g_wrapped{false};

Table& table() {
  static Table table;
  return table;
}

Functions& functions() { return Room::get().process().functions(); }
Address address_of(app_pc pc) { return reinterpret_cast<Address>(pc); }

auto find_wrapped(app_pc func, Before before, After after) {
  const auto [first, last] = table().wrapped.equal_range(func);
  const auto found = std::find_if(first, last, [=](const auto& each) {
    return each.second.before == before && each.second.after == after;
  });
  return found == last ? table().wrapped.end() : found;
}

FunctionHook hook_before(Before before, void* data) {
  if (before == nullptr) {
    return [data](FunctionCall& call) { call.data() = reinterpret_cast<uint64_t>(data); };
  }
  return [before, data](FunctionCall& call) {
    WrapContext wrap;
    wrap.call = &call;
    void* user_data = data;
    before(&wrap, &user_data);
    call.data() = reinterpret_cast<uint64_t>(user_data);
  };
}

FunctionHook hook_after(After after) {
  if (after == nullptr) return {};
  return [after](FunctionCall& call) {
    WrapContext wrap;
    wrap.call = &call;
    wrap.after = true;
    after(&wrap, reinterpret_cast<void*>(call.data()));
  };
}

/// Ends the replacement of `original`, if there is one and it may be ended.
bool make_way(std::map<app_pc, Wrap>& replaced, app_pc original, bool override) {
  const auto found = replaced.find(original);
  if (found == replaced.end()) return true;
  if (!override) return false;
  functions().remove(found->second);
  replaced.erase(found);
  return true;
}

uint64_t call_native(FunctionCall& call, app_pc replacement, void* user_data) {
  using Function = uint64_t (*)(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t);
  dr_write_saved_reg(nullptr, DRWRAP_REPLACE_NATIVE_DATA_SLOT, reinterpret_cast<reg_t>(user_data));
  return reinterpret_cast<Function>(replacement)(call.argument(0), call.argument(1),
                                                 call.argument(2), call.argument(3),
                                                 call.argument(4), call.argument(5));
}

/// The client's function in the place of the program's.
FunctionHook native(app_pc replacement, void* user_data) {
  return [replacement, user_data](FunctionCall& call) {
    call.skip(call_native(call, replacement, user_data));
  };
}

/// The same in the place of the call at `site`, which the program goes on behind.
FunctionHook native_call(app_pc site, app_pc replacement, void* user_data) {
  const Address next = address_of(decode_next_pc(nullptr, site));
  return [replacement, user_data, next](FunctionCall& call) {
    const uint64_t result = call_native(call, replacement, user_data);
    call.context().set(weft::Register::kRax, result);
    call.context().redirect(next);
  };
}

}  // namespace

bool weft::dynamorio::any_wrapped() { return g_wrapped.load(std::memory_order_relaxed); }

extern "C" {

bool drwrap_init() {
  ++table().users;
  return drmgr_init();
}
void drwrap_exit() {
  --table().users;
  drmgr_exit();
}

bool drwrap_wrap_ex(app_pc func, Before pre_func_cb, After post_func_cb, void* user_data, uint) {
  if (func == nullptr || (pre_func_cb == nullptr && post_func_cb == nullptr)) return false;
  const std::lock_guard held(table().mutex);
  if (find_wrapped(func, pre_func_cb, post_func_cb) != table().wrapped.end()) return false;
  g_wrapped = true;
  const Wrap wrap = functions().wrap(address_of(func), hook_before(pre_func_cb, user_data),
                                     hook_after(post_func_cb));
  table().wrapped.insert({func, {pre_func_cb, post_func_cb, wrap}});
  return true;
}

bool drwrap_wrap(app_pc func, Before pre_func_cb, After post_func_cb) {
  return drwrap_wrap_ex(func, pre_func_cb, post_func_cb, nullptr, DRWRAP_FLAGS_NONE);
}

bool drwrap_unwrap(app_pc func, Before pre_func_cb, After post_func_cb) {
  const std::lock_guard held(table().mutex);
  const auto found = find_wrapped(func, pre_func_cb, post_func_cb);
  if (found == table().wrapped.end()) return false;
  functions().remove(found->second.wrap);
  table().wrapped.erase(found);
  return true;
}

bool drwrap_is_wrapped(app_pc func, Before pre_func_cb, After post_func_cb) {
  const std::lock_guard held(table().mutex);
  return find_wrapped(func, pre_func_cb, post_func_cb) != table().wrapped.end();
}

bool drwrap_replace(app_pc original, app_pc replacement, bool override) {
  if (original == nullptr) return false;
  const std::lock_guard held(table().mutex);
  if (replacement == nullptr) {
    return table().replaced.contains(original) && make_way(table().replaced, original, true);
  }
  if (!make_way(table().replaced, original, override)) return false;
  g_wrapped = true;
  const Wrap wrap = functions().wrap(
      address_of(original),
      [replacement](FunctionCall& call) { call.context().redirect(address_of(replacement)); }, {});
  table().replaced[original] = wrap;
  return true;
}

bool drwrap_replace_native(app_pc original, app_pc replacement, bool at_entry, uint stack_adjust,
                           void* user_data, bool override) {
  if (original == nullptr || stack_adjust != 0) return false;
  const std::lock_guard held(table().mutex);
  if (replacement == nullptr) {
    return table().replaced_natively.contains(original) &&
           make_way(table().replaced_natively, original, true);
  }
  if (!make_way(table().replaced_natively, original, override)) return false;
  g_wrapped = true;
  table().replaced_natively[original] = functions().wrap(
      address_of(original),
      at_entry ? native(replacement, user_data) : native_call(original, replacement, user_data),
      {});
  return true;
}

bool drwrap_is_replaced(app_pc func) {
  const std::lock_guard held(table().mutex);
  return table().replaced.contains(func);
}

bool drwrap_is_replaced_native(app_pc func) {
  const std::lock_guard held(table().mutex);
  return table().replaced_natively.contains(func);
}

// A replacement returns as every function does.
void drwrap_replace_native_fini(void*) {}

// Returns are found by weft, whoever knows of them.
bool drwrap_register_post_call_notify(void (*)(app_pc)) { return true; }
bool drwrap_unregister_post_call_notify(void (*)(app_pc)) { return true; }
bool drwrap_mark_as_post_call(app_pc) { return true; }
bool drwrap_is_post_wrap(app_pc) { return false; }
// Who inverts control says so before anything is wrapped.
bool drwrap_set_global_flags(drwrap_global_flags_t flags) {
  return (flags & DRWRAP_INVERT_CONTROL) == 0 || table().users == 0;
}
void drwrap_get_retaddr_if_sentinel(void*, app_pc*) {}

bool drwrap_get_stats(drwrap_stats_t* stats) {
  if (stats == nullptr || stats->size < sizeof *stats) return false;
  stats->flush_count = 0;
  return true;
}

// weft inserts its own calls; nothing is left to be invoked.
dr_emit_flags_t drwrap_invoke_insert(void*, void*, instrlist_t*, instr_t*, instr_t*, bool, bool,
                                     void*) {
  return DR_EMIT_DEFAULT;
}
dr_emit_flags_t drwrap_invoke_insert_cleanup_only(void*, void*, instrlist_t*, instr_t*, instr_t*,
                                                  bool, bool, void*) {
  return DR_EMIT_DEFAULT;
}

}  // extern "C"

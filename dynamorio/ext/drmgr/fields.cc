// Words of each thread for the manager's users: an array that the core's one field leads to.
#include <array>
#include <mutex>
#include <utility>

#include "core/inserted_code.h"
#include "drmgr.h"
#include "ext/drmgr/events.h"

namespace weft::dynamorio {
namespace {

constexpr int kFields = 64;
using Array = std::array<void*, kFields>;

/// Which fields are in use, and those with callbacks.
struct Fields {
  struct Callbacks {
    void (*init)(void*, bool) = nullptr;
    void (*exit)(void*, bool) = nullptr;
  };
  std::mutex mutex;
  std::array<bool, kFields> taken{};           ///< under mutex
  std::array<Callbacks, kFields> callbacks{};  ///< under mutex
};

Fields& fields() {
  static Fields fields;
  return fields;
}

bool is_field(int idx) { return idx >= 0 && idx < kFields; }

/// Made when the thread first asks, which is its own start for the program's threads.
Array& array_of(void* drcontext) {
  void* const known = dr_get_tls_field(drcontext);
  if (known != nullptr) return *static_cast<Array*>(known);
  auto* const made = new Array();
  dr_set_tls_field(drcontext, made);
  return *made;
}

int take_field(Fields::Callbacks callbacks) {
  const std::lock_guard held(fields().mutex);
  for (int i = 0; i < kFields; ++i) {
    const auto index = static_cast<size_t>(i);
    if (fields().taken[index]) continue;
    fields().taken[index] = true;
    fields().callbacks[index] = callbacks;
    return i;
  }
  return -1;
}

std::array<Fields::Callbacks, kFields> callbacks() {
  const std::lock_guard held(fields().mutex);
  return fields().callbacks;
}

}  // namespace

void start_fields(void* drcontext) { array_of(drcontext); }

void start_context_fields(void* drcontext) {
  for (const Fields::Callbacks& each : callbacks()) {
    if (each.init != nullptr) each.init(drcontext, true);
  }
}

void end_fields(void* drcontext) {
  for (const Fields::Callbacks& each : callbacks()) {
    if (each.exit != nullptr) each.exit(drcontext, true);
  }
  delete &array_of(drcontext);
  dr_set_tls_field(drcontext, nullptr);
}

}  // namespace weft::dynamorio

using namespace weft::dynamorio;

extern "C" {

int drmgr_register_tls_field() { return take_field({}); }

bool drmgr_unregister_tls_field(int idx) {
  if (!is_field(idx)) return false;
  const std::lock_guard held(fields().mutex);
  fields().callbacks[static_cast<size_t>(idx)] = {};
  return std::exchange(fields().taken[static_cast<size_t>(idx)], false);
}

void* drmgr_get_tls_field(void* drcontext, int idx) {
  return is_field(idx) ? array_of(drcontext)[static_cast<size_t>(idx)] : nullptr;
}

bool drmgr_set_tls_field(void* drcontext, int idx, void* value) {
  if (!is_field(idx)) return false;
  array_of(drcontext)[static_cast<size_t>(idx)] = value;
  return true;
}

bool drmgr_insert_read_tls_field(void* drcontext, int idx, instrlist_t* ilist, instr_t* where,
                                 reg_id_t reg) {
  if (!is_field(idx)) return false;
  dr_insert_read_tls_field(drcontext, ilist, where, reg);
  add_meta(ilist, where,
           XINST_CREATE_load(drcontext, opnd_create_reg(reg),
                             OPND_CREATE_MEMPTR(reg, idx * static_cast<int>(sizeof(void*)))));
  return true;
}

bool drmgr_insert_write_tls_field(void* drcontext, int idx, instrlist_t* ilist, instr_t* where,
                                  reg_id_t reg, reg_id_t scratch) {
  if (!is_field(idx)) return false;
  dr_insert_read_tls_field(drcontext, ilist, where, scratch);
  add_meta(ilist, where,
           XINST_CREATE_store(drcontext,
                              OPND_CREATE_MEMPTR(scratch, idx * static_cast<int>(sizeof(void*))),
                              opnd_create_reg(reg)));
  return true;
}

int drmgr_register_cls_field(void (*cb_init_func)(void*, bool), void (*cb_exit_func)(void*, bool)) {
  if (cb_init_func == nullptr || cb_exit_func == nullptr) return -1;
  return take_field({cb_init_func, cb_exit_func});
}

bool drmgr_unregister_cls_field(void (*)(void*, bool), void (*)(void*, bool), int idx) {
  return drmgr_unregister_tls_field(idx);
}

void* drmgr_get_cls_field(void* drcontext, int idx) { return drmgr_get_tls_field(drcontext, idx); }

bool drmgr_set_cls_field(void* drcontext, int idx, void* value) {
  return drmgr_set_tls_field(drcontext, idx, value);
}

bool drmgr_insert_read_cls_field(void* drcontext, int idx, instrlist_t* ilist, instr_t* where,
                                 reg_id_t reg) {
  return drmgr_insert_read_tls_field(drcontext, idx, ilist, where, reg);
}

bool drmgr_insert_write_cls_field(void* drcontext, int idx, instrlist_t* ilist, instr_t* where,
                                  reg_id_t reg, reg_id_t scratch) {
  return drmgr_insert_write_tls_field(drcontext, idx, ilist, where, reg, scratch);
}

// A thread has one context alone.
bool drmgr_push_cls(void*) { return false; }
bool drmgr_pop_cls(void*) { return false; }
void* drmgr_get_parent_cls_field(void* drcontext, int idx) {
  return drmgr_get_tls_field(drcontext, idx);
}

}  // extern "C"

// The process's module table.
#include "ext/drcovlib/modules.h"

#include <algorithm>
#include <cstring>
#include <mutex>

#include "drmgr.h"

namespace weft::dynamorio::drcovlib {
namespace {

struct Table {
  std::mutex mutex;
  int users = 0;  ///< under mutex, as all others
  Custom custom;
  Rows rows;
};

Table& table() {
  static Table table;
  return table;
}

Address address(const void* pointer) { return reinterpret_cast<Address>(pointer); }

/// The row of the module's first segment, if it was seen before at the same place.
bool is_known(const Rows& rows, const module_data_t& module) {
  return std::any_of(rows.begin(), rows.end(), [&](const Row& row) {
    return row.start == address(module.segments[0].start) &&
           row.end == address(module.segments[0].end) &&
           std::strcmp(row.path.data(), module.full_path) == 0;
  });
}

void add(module_data_t& module) {
  const std::lock_guard held(table().mutex);
  Rows& rows = table().rows;
  if (module.num_segments == 0 || is_known(rows, module)) return;
  const auto first = static_cast<uint>(rows.size());
  for (uint i = 0; i < module.num_segments; ++i) {
    const module_segment_data_t& segment = module.segments[i];
    Row& row = rows.emplace_back();
    row.containing = first;
    row.start = address(segment.start);
    row.end = address(segment.end);
    row.entry = address(module.entry_point);
    row.offset = segment.offset;
    const Address base = address(module.preferred_base);
    row.preferred_base = base + (row.start - address(module.start));
    set_path(row, module.full_path == nullptr ? "" : module.full_path);
    if (table().custom.load != nullptr) {
      row.custom = table().custom.load(&module, static_cast<int>(i));
    }
  }
}

void on_load(void*, const module_data_t* module, bool) {
  module_data_t* const copy = dr_copy_module_data(module);
  add(*copy);
  dr_free_module_data(copy);
}

}  // namespace

Custom custom() {
  const std::lock_guard held(table().mutex);
  return table().custom;
}

std::optional<Segment> segment_at(Address pc) {
  const std::lock_guard held(table().mutex);
  const Rows& rows = table().rows;
  // The latest: what was there before is gone.
  for (size_t i = rows.size(); i-- > 0;) {
    if (pc < rows[i].start || pc >= rows[i].end) continue;
    const uint first = rows[i].containing;
    return Segment{static_cast<uint>(i), rows[i].start, rows[i].end, first, rows[first].start};
  }
  return std::nullopt;
}

std::string module_table() {
  const std::lock_guard held(table().mutex);
  return text_of(table().rows, table().custom);
}

}  // namespace weft::dynamorio::drcovlib

using namespace weft::dynamorio::drcovlib;
using weft::Address;

extern "C" {

drcovlib_status_t drmodtrack_init() {
  {
    const std::lock_guard held(table().mutex);
    if (table().users++ > 0) return DRCOVLIB_SUCCESS;
  }
  drmgr_init();
  return drmgr_register_module_load_event(&on_load) ? DRCOVLIB_SUCCESS : DRCOVLIB_ERROR;
}

drcovlib_status_t drmodtrack_exit() {
  {
    const std::lock_guard held(table().mutex);
    if (table().users == 0) return DRCOVLIB_ERROR;
    if (--table().users > 0) return DRCOVLIB_SUCCESS;
    free_custom(table().rows, table().custom);
    table().rows.clear();
    table().custom = {};
  }
  drmgr_unregister_module_load_event(&on_load);
  drmgr_exit();
  return DRCOVLIB_SUCCESS;
}

drcovlib_status_t drmodtrack_lookup_segment(void*, app_pc pc, uint* segment_index,
                                            app_pc* segment_base) {
  const auto found = segment_at(reinterpret_cast<Address>(pc));
  if (!found) return DRCOVLIB_ERROR_NOT_FOUND;
  if (segment_index != nullptr) *segment_index = found->index;
  if (segment_base != nullptr) *segment_base = reinterpret_cast<app_pc>(found->start);
  return DRCOVLIB_SUCCESS;
}

drcovlib_status_t drmodtrack_lookup(void*, app_pc pc, uint* mod_index, app_pc* mod_base) {
  const auto found = segment_at(reinterpret_cast<Address>(pc));
  if (!found) return DRCOVLIB_ERROR_NOT_FOUND;
  if (mod_index != nullptr) *mod_index = found->module;
  if (mod_base != nullptr) *mod_base = reinterpret_cast<app_pc>(found->module_start);
  return DRCOVLIB_SUCCESS;
}

drcovlib_status_t drmodtrack_lookup_pc_from_index(void*, uint mod_index, app_pc* mod_base) {
  if (mod_base == nullptr) return DRCOVLIB_ERROR_INVALID_PARAMETER;
  const std::lock_guard held(table().mutex);
  if (mod_index >= table().rows.size()) return DRCOVLIB_ERROR_NOT_FOUND;
  *mod_base = reinterpret_cast<app_pc>(table().rows[mod_index].start);
  return DRCOVLIB_SUCCESS;
}

drcovlib_status_t drmodtrack_dump(file_t file) {
  const std::string text = module_table();
  const ssize_t written = dr_write_file(file, text.data(), text.size());
  return written == static_cast<ssize_t>(text.size()) ? DRCOVLIB_SUCCESS : DRCOVLIB_ERROR;
}

drcovlib_status_t drmodtrack_dump_buf(char* buf, size_t size, size_t* wrote) {
  return copy_text(module_table(), buf, size, wrote);
}

drcovlib_status_t drmodtrack_add_custom_data(void* (*load_cb)(module_data_t*, int),
                                             int (*print_cb)(void*, char*, size_t),
                                             const char* (*parse_cb)(const char*, void**),
                                             void (*free_cb)(void*)) {
  const std::lock_guard held(table().mutex);
  table().custom = {load_cb, print_cb, parse_cb, free_cb};
  return DRCOVLIB_SUCCESS;
}

}  // extern "C"

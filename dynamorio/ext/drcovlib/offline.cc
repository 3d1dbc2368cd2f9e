// A module table that another process wrote.
#include <algorithm>
#include <cstring>
#include <memory>
#include <vector>

#include "ext/drcovlib/modules.h"

namespace weft::dynamorio::drcovlib {

drcovlib_status_t copy_text(const std::string& text, char* to, size_t size, size_t* wrote) {
  if (to == nullptr) return DRCOVLIB_ERROR_INVALID_PARAMETER;
  if (text.size() + 1 > size) return DRCOVLIB_ERROR_BUF_TOO_SMALL;
  std::memcpy(to, text.c_str(), text.size() + 1);
  if (wrote != nullptr) *wrote = text.size() + 1;
  return DRCOVLIB_SUCCESS;
}

namespace {

struct Offline {
  std::string text;  ///< of the file, if it is not the caller's
  Rows rows;
};

bool read_whole(file_t file, std::string& text) {
  uint64 size = 0;
  if (!dr_file_size(file, &size) || !dr_file_seek(file, 0, DR_SEEK_SET)) return false;
  text.resize(size);
  return dr_read_file(file, text.data(), size) == static_cast<ssize_t>(size);
}

}  // namespace
}  // namespace weft::dynamorio::drcovlib

using namespace weft::dynamorio::drcovlib;

extern "C" {

drcovlib_status_t drmodtrack_offline_read(file_t file, const char* map, const char** next_line,
                                          void** handle, uint* num_mods) {
  if (handle == nullptr || num_mods == nullptr) return DRCOVLIB_ERROR_INVALID_PARAMETER;
  auto made = std::make_unique<Offline>();
  if (map == nullptr) {
    if (!read_whole(file, made->text)) return DRCOVLIB_ERROR_INVALID_PARAMETER;
    map = made->text.c_str();
  }
  const char* const behind = parse(map, custom(), made->rows);
  if (behind == nullptr) {
    free_custom(made->rows, custom());
    return DRCOVLIB_ERROR;
  }
  if (next_line != nullptr) *next_line = behind;
  *num_mods = static_cast<uint>(made->rows.size());
  *handle = made.release();
  return DRCOVLIB_SUCCESS;
}

drcovlib_status_t drmodtrack_offline_lookup(void* handle, uint index, drmodtrack_info_t* info) {
  auto* const offline = static_cast<Offline*>(handle);
  if (offline == nullptr || info == nullptr) return DRCOVLIB_ERROR_INVALID_PARAMETER;
  if (index >= offline->rows.size()) return DRCOVLIB_ERROR_NOT_FOUND;
  Row& row = offline->rows[index];
  drmodtrack_info_t all{};
  all.struct_size = info->struct_size;
  all.containing_index = row.containing;
  all.start = reinterpret_cast<app_pc>(row.start);
  all.size = row.end - row.start;
  all.path = row.path.data();
  all.custom = row.custom;
  all.index = index;
  all.offset = row.offset;
  all.preferred_base = reinterpret_cast<app_pc>(row.preferred_base);
  std::memcpy(info, &all, std::min(info->struct_size, sizeof all));
  return DRCOVLIB_SUCCESS;
}

drcovlib_status_t drmodtrack_offline_write(void* handle, char* buf, size_t buf_size,
                                           size_t* wrote) {
  const auto* const offline = static_cast<Offline*>(handle);
  if (offline == nullptr) return DRCOVLIB_ERROR_INVALID_PARAMETER;
  return copy_text(text_of(offline->rows, custom()), buf, buf_size, wrote);
}

drcovlib_status_t drmodtrack_offline_exit(void* handle) {
  const std::unique_ptr<Offline> offline(static_cast<Offline*>(handle));
  if (!offline) return DRCOVLIB_ERROR_INVALID_PARAMETER;
  free_custom(offline->rows, custom());
  return DRCOVLIB_SUCCESS;
}

}  // extern "C"

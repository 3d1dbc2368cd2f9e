// Files and folders whose names nobody else has.
#include <cstdio>
#include <string>

#include "drx.h"

namespace {

constexpr int kTries = 10000;

/// "prefix.app.id.number.suffix" in the folder.
std::string name_of(const char* dir, ptr_int_t id, bool with_id, const char* prefix,
                    const char* suffix, int number, bool as_folder) {
  std::string name = std::string(dir) + "/" + prefix;
  if (with_id) {
    char text[24];
    std::snprintf(text, sizeof text, "%05ld", static_cast<long>(id));
    name += std::string(".") + dr_get_application_name() + "." + text;
  }
  char text[16];
  std::snprintf(text, sizeof text, ".%04d", number);
  name += text;
  return as_folder ? name + "." + suffix + ".dir" : name + "." + suffix;
}

bool hand_over(const std::string& name, char* result, size_t length) {
  if (result == nullptr) return true;
  if (name.size() >= length) return false;
  name.copy(result, name.size());
  result[name.size()] = '\0';
  return true;
}

file_t open_unique(const char* dir, ptr_int_t id, bool with_id, const char* prefix,
                   const char* suffix, uint flags, char* result, size_t length) {
  for (int i = 0; i < kTries; ++i) {
    const int number = i == 0 ? 0 : static_cast<int>(dr_get_random_value(kTries));
    const std::string name = name_of(dir, id, with_id, prefix, suffix, number, false);
    if ((flags & DRX_FILE_SKIP_OPEN) != 0) {
      if (dr_file_exists(name.c_str())) continue;
      hand_over(name, result, length);
      return INVALID_FILE;
    }
    const file_t file = dr_open_file(name.c_str(), flags | DR_FILE_WRITE_REQUIRE_NEW);
    if (file == INVALID_FILE) {
      if (!dr_file_exists(name.c_str())) return INVALID_FILE;
      continue;
    }
    hand_over(name, result, length);
    return file;
  }
  return INVALID_FILE;
}

}  // namespace

extern "C" {

file_t drx_open_unique_file(const char* dir, const char* prefix, const char* suffix,
                            uint extra_flags, char* result, size_t result_len) {
  return open_unique(dir, 0, false, prefix, suffix, extra_flags, result, result_len);
}

file_t drx_open_unique_appid_file(const char* dir, ptr_int_t id, const char* prefix,
                                  const char* suffix, uint extra_flags, char* result,
                                  size_t result_len) {
  return open_unique(dir, id, true, prefix, suffix, extra_flags, result, result_len);
}

bool drx_open_unique_appid_dir(const char* dir, ptr_int_t id, const char* prefix,
                               const char* suffix, char* result, size_t result_len) {
  for (int i = 0; i < kTries; ++i) {
    const std::string name = name_of(dir, id, true, prefix, suffix, i, true);
    if (dr_create_dir(name.c_str())) return hand_over(name, result, result_len);
    if (!dr_directory_exists(name.c_str())) return false;
  }
  return false;
}

}  // extern "C"

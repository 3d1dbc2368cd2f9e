// Modules: copies of what is known of them, and iterators.
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <set>
#include <vector>

#include "core/elf_file.h"
#include "core/module_data.h"
#include "core/room.h"
#include "core/shown_modules.h"

namespace weft::dynamorio {
namespace {

constexpr uint64 kPage = 4096;

app_pc pointer(uint64 address) { return reinterpret_cast<app_pc>(address); }

char* copy_of(const char* text) { return text == nullptr ? nullptr : strdup(text); }

const char* file_part(const char* path) {
  const char* const slash = path == nullptr ? nullptr : std::strrchr(path, '/');
  return slash == nullptr ? path : slash + 1;
}

uint protection_of(uint32_t flags) {
  return ((flags & PF_R) != 0 ? DR_MEMPROT_READ : 0u) |
         ((flags & PF_W) != 0 ? DR_MEMPROT_WRITE : 0u) |
         ((flags & PF_X) != 0 ? DR_MEMPROT_EXEC : 0u);
}

/// The pages of the image, whatever of it is mapped by now.
void add_segments(const ElfFile& file, Address bias, module_data_t& data) {
  const std::vector<ElfFile::Segment>& segments = file.segments();
  if (segments.empty()) return;
  data.num_segments = static_cast<uint>(segments.size());
  data.segments = static_cast<module_segment_data_t*>(
      std::calloc(segments.size(), sizeof(module_segment_data_t)));
  data.contiguous = true;
  uint64 low = ~uint64{0};
  uint64 high = 0;
  for (size_t i = 0; i < segments.size(); ++i) {
    const uint64 start = segments[i].range.start & ~(kPage - 1);
    const uint64 end = (segments[i].range.end + kPage - 1) & ~(kPage - 1);
    if (i != 0 && start > high) data.contiguous = false;
    low = std::min(low, start);
    high = std::max(high, end);
    data.segments[i] = {pointer(bias + start), pointer(bias + end),
                        protection_of(segments[i].flags), segments[i].offset & ~(kPage - 1)};
  }
  data.start = pointer(bias + low);
  data.end = pointer(bias + high);
  data.preferred_base = pointer(low);
}

std::vector<const Module*> loaded_modules() {
  std::vector<const Module*> result = Room::get().process().modules();
  std::erase_if(result, [](const Module* each) { return !each->loaded; });
  return result;
}

struct Iterator {
  std::vector<const Module*> modules = loaded_modules();
  size_t next = 0;
};

Iterator& iterator_of(dr_module_iterator_t* iterator) {
  return *reinterpret_cast<Iterator*>(iterator);
}

/// Those that are not shown to clients, by their first address.
struct Hidden {
  std::mutex mutex;
  std::set<module_handle_t> modules;  ///< under mutex
};

Hidden& hidden() {
  static Hidden hidden;
  return hidden;
}

}  // namespace

module_data_t* describe(const Module& module) {
  auto* const data = static_cast<module_data_t*>(std::calloc(1, sizeof(module_data_t)));
  data->start = pointer(module.range.start);
  data->end = pointer(module.range.end);
  data->entry_point = pointer(module.entry);
  data->full_path = copy_of(module.path.c_str());
  data->names.file_name = copy_of(file_part(module.path.c_str()));
  if (const auto file = ElfFile::open(module)) {
    add_segments(*file, module.bias, *data);
    data->names.inode = file->inode();
    if (!file->soname().empty()) data->names.module_name = copy_of(file->soname().c_str());
  }
  return data;
}

bool is_shown(const Module& module) {
  const std::lock_guard held(hidden().mutex);
  if (hidden().modules.empty()) return true;
  module_data_t* const data = describe(module);
  const bool shown = !hidden().modules.contains(data->handle);
  dr_free_module_data(data);
  return shown;
}

}  // namespace weft::dynamorio

using namespace weft::dynamorio;

extern "C" {

module_data_t* dr_lookup_module(byte* pc) {
  const weft::Module* const module =
      Room::get().process().module_at(reinterpret_cast<weft::Address>(pc));
  if (module != nullptr) return describe(*module);
  // Between the segments that are mapped executable.
  for (const weft::Module* each : loaded_modules()) {
    module_data_t* const data = describe(*each);
    if (pc >= data->start && pc < data->end) return data;
    dr_free_module_data(data);
  }
  return nullptr;
}

module_data_t* dr_lookup_module_by_name(const char* name) {
  for (const weft::Module* each : loaded_modules()) {
    module_data_t* const data = describe(*each);
    const char* const own = dr_module_preferred_name(data);
    if (own != nullptr && std::strcmp(own, name) == 0) return data;
    dr_free_module_data(data);
  }
  return nullptr;
}

module_data_t* dr_get_main_module() {
  const std::string& program = Room::get().process().program();
  for (const weft::Module* each : Room::get().process().modules()) {
    if (each->path == program) return describe(*each);
  }
  return nullptr;
}

dr_module_iterator_t* dr_module_iterator_start() {
  return reinterpret_cast<dr_module_iterator_t*>(new Iterator());
}
bool dr_module_iterator_hasnext(dr_module_iterator_t* mi) {
  return iterator_of(mi).next < iterator_of(mi).modules.size();
}
module_data_t* dr_module_iterator_next(dr_module_iterator_t* mi) {
  Iterator& iterator = iterator_of(mi);
  if (iterator.next >= iterator.modules.size()) return nullptr;
  return describe(*iterator.modules[iterator.next++]);
}
void dr_module_iterator_stop(dr_module_iterator_t* mi) { delete &iterator_of(mi); }

module_data_t* dr_copy_module_data(const module_data_t* data) {
  auto* const copy = static_cast<module_data_t*>(std::calloc(1, sizeof(module_data_t)));
  *copy = *data;
  copy->full_path = copy_of(data->full_path);
  copy->names.file_name = copy_of(data->names.file_name);
  copy->names.module_name = copy_of(data->names.module_name);
  if (data->segments != nullptr) {
    const size_t bytes = data->num_segments * sizeof(module_segment_data_t);
    copy->segments = static_cast<module_segment_data_t*>(std::malloc(bytes));
    std::memcpy(copy->segments, data->segments, bytes);
  }
  return copy;
}

void dr_free_module_data(module_data_t* data) {
  if (data == nullptr) return;
  std::free(data->full_path);
  std::free(const_cast<char*>(data->names.file_name));
  std::free(const_cast<char*>(data->names.module_name));
  std::free(data->segments);
  std::free(data);
}

const char* dr_module_preferred_name(const module_data_t* data) {
  if (data == nullptr) return nullptr;
  return data->names.module_name != nullptr ? data->names.module_name : data->names.file_name;
}

bool dr_module_contains_addr(const module_data_t* data, app_pc addr) {
  if (data->contiguous || data->segments == nullptr) return addr >= data->start && addr < data->end;
  for (uint i = 0; i < data->num_segments; ++i) {
    if (addr >= data->segments[i].start && addr < data->segments[i].end) return true;
  }
  return false;
}

bool dr_module_set_should_instrument(module_handle_t handle, bool should_instrument) {
  const std::lock_guard held(hidden().mutex);
  if (should_instrument) {
    hidden().modules.erase(handle);
  } else {
    hidden().modules.insert(handle);
  }
  return true;
}

bool dr_module_should_instrument(module_handle_t handle) {
  const std::lock_guard held(hidden().mutex);
  return !hidden().modules.contains(handle);
}

}  // extern "C"

#include "tool/modules.h"

#include <elf.h>

#include <algorithm>
#include <cstring>

#include "linux/kernel/program_memory.h"

namespace weft::tool {
namespace {

using linux::AddressSpace;
using linux::Mapping;

bool is_module_text(const Mapping& mapping) {
  return mapping.owner == linux::Owner::kProgram && mapping.executable() &&
         (mapping.file != nullptr || mapping.label == linux::Label::kVdso);
}

bool same_file(const Mapping& a, const Mapping& b) {
  if (a.file == nullptr || b.file == nullptr) return a.file == b.file;
  return a.file->inode == b.file->inode && a.file->device == b.file->device &&
         a.file->path == b.file->path;
}

/// Where the file's first byte is mapped, seen from `text`.
std::optional<AppPc> start_of_file(const AddressSpace& space, const Mapping& text) {
  Mapping at = text;
  while (at.offset != 0) {
    const auto before = space.find({at.range.start.value - 1});
    if (!before || !same_file(*before, text)) return std::nullopt;
    at = *before;
  }
  return at.range.start;
}

/// Range, bias and entry from the headers at `start`; false if none can be read there.
bool read_headers(AppPc start, Module& module) {
  Elf64_Ehdr header;
  if (!linux::read_program(&header, start.value)) return false;
  if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) return false;
  Address low = ~Address{0};
  Address high = 0;
  for (unsigned i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr segment;
    const uint64_t at = start.value + header.e_phoff + uint64_t{i} * header.e_phentsize;
    if (!linux::read_program(&segment, at)) return false;
    if (segment.p_type != PT_LOAD) continue;
    low = std::min<Address>(low, page_down(segment.p_vaddr));
    high = std::max<Address>(high, page_up(segment.p_vaddr + segment.p_memsz));
  }
  if (high == 0) return false;
  module.bias = start.value - low;
  module.range = {start.value, module.bias + high};
  module.entry = header.e_entry == 0 ? 0 : module.bias + header.e_entry;
  return true;
}

}  // namespace

std::optional<Modules::Entry> Modules::describe(const AddressSpace& space, const Mapping& text) {
  Entry entry{std::make_unique<Module>(), text.range};
  entry.module->path = text.file != nullptr ? text.file->path : "[vdso]";
  const std::optional<AppPc> start =
      text.file != nullptr ? start_of_file(space, text) : std::optional(text.range.start);
  if (!start || !read_headers(*start, *entry.module)) return std::nullopt;
  return entry;
}

std::vector<Modules::Change> Modules::update(const AddressSpace& space, AppRange range,
                                             std::string_view first) {
  std::vector<Change> changes;
  {
    const Locked held(lock_);
    for (Entry& entry : entries_) {
      if (!entry.module->loaded || !entry.text.overlaps(range)) continue;
      const auto mapping = space.find(entry.text.start);
      const bool there = mapping && is_module_text(*mapping) &&
                         (mapping->file ? mapping->file->path : "[vdso]") == entry.module->path;
      if (there) continue;
      entry.module->loaded = false;
      changes.push_back({entry.module.get(), false});
    }
  }
  std::vector<Mapping> found;
  space.for_each([&](const Mapping& mapping) {
    if (mapping.range.overlaps(range) && is_module_text(mapping)) found.push_back(mapping);
  });
  std::stable_partition(found.begin(), found.end(), [first](const Mapping& mapping) {
    return mapping.file != nullptr && mapping.file->path == first;
  });
  for (const Mapping& mapping : found) {
    std::optional<Entry> entry = describe(space, mapping);
    if (!entry) continue;
    const Locked held(lock_);
    const bool known = std::any_of(entries_.begin(), entries_.end(), [&](const Entry& each) {
      return each.module->loaded && each.module->range.start == entry->module->range.start;
    });
    if (known) continue;
    entry->module->number = static_cast<uint32_t>(entries_.size());
    entries_.push_back(std::move(*entry));
    changes.push_back({entries_.back().module.get(), true});
  }
  return changes;
}

std::vector<const Module*> Modules::all() const {
  const Locked held(lock_);
  std::vector<const Module*> result;
  for (const Entry& entry : entries_) result.push_back(entry.module.get());
  return result;
}

const Module* Modules::at(Address address) const {
  const Locked held(lock_);
  for (const Entry& entry : entries_) {
    if (entry.module->loaded && entry.module->range.contains(address)) return entry.module.get();
  }
  return nullptr;
}

}  // namespace weft::tool

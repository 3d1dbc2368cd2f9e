#include "engine/persistent_code.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "base/log.h"
#include "base/runtime_fs.h"
#include "engine/output.h"
#include "linux/private_file.h"

namespace weft::engine {
namespace {

/// No file gets larger than this, nor does what is new for one.
constexpr uint64_t kLargestFile = 256u << 20;
/// A file is written again when so large a part of it is new: a run that meets a few blocks more
/// than those before it does not copy everything.
constexpr uint64_t kWorthwhilePart = 16;

uint64_t hash_of(const std::string& text) {
  // FNV-1a, 64 bits (Fowler, Noll, Vo).
  uint64_t hash = 0xCBF29CE484222325;
  for (const char each : text) hash = (hash ^ static_cast<uint8_t>(each)) * 0x100000001B3;
  return hash;
}

/// Code is copied from the program as it is, and chosen by nothing of the CPU's: what else decides
/// how a block is translated is this build of weft and these options.
uint64_t fingerprint(const Options& options, const std::string& build, bool paired) {
  return hash_of(fmt::format("{} max-blocks={} traces={} paired={}", build, options.max_blocks,
                             options.traces, paired));
}

bool is_of_module(const linux::Mapping& mapping) {
  return mapping.owner == linux::Owner::kProgram && mapping.file != nullptr &&
         mapping.file->device < linux::BackingFile::kSharedSegments && mapping.executable() &&
         !mapping.writable() && !mapping.file->path.empty();
}

}  // namespace

PersistentCode::PersistentCode(const Options& options, const linux::AddressSpace& space)
    : directory_(options.persist), followed_(options.followed), space_(space) {
  const std::string build = linux::content_name("/proc/self/exe");
  for (const bool paired : {false, true}) {
    fingerprints_[paired ? 1 : 0] = fingerprint(options, build, paired);
  }
  usable_ = !build.empty();
}

Status PersistentCode::start() {
  const Result<linux::UniqueFd> directory = linux::make_private_directory(directory_);
  if (directory) return Unit{};
  usable_ = false;
  // A program that was started by another, perhaps as another user, runs all the same.
  if (!followed_) return Error{"--persist: " + directory.error().message, directory.error().code};
  warn(directory.error().message + ": started cold");
  return Unit{};
}

void PersistentCode::warn(const std::string& text) const {
  write_all(kStandardError, "weft: --persist: " + text + "\n");
}

std::string PersistentCode::file_name(const Module& module, bool paired) const {
  return fmt::format("{}-{:016x}.code", module.name, fingerprints_[paired ? 1 : 0]);
}

std::optional<PersistentCode::Found> PersistentCode::look_up_locked(AppPc tag) const {
  for (const Place& place : places_) {
    if (!place.range.contains(tag)) continue;
    const uint64_t offset = tag.value - place.start_of_file;
    // Of a larger file, the part that 32 bits can name.
    if (offset >= UINT32_MAX) return Found{};
    return Found{place.module, static_cast<uint32_t>(offset)};
  }
  return std::nullopt;
}

PersistentCode::Found PersistentCode::look_up(AppPc tag) {
  {
    const std::lock_guard held(lock_);
    if (const auto found = look_up_locked(tag)) return *found;
  }
  const auto mapping = space_.find(tag);
  if (!mapping || !is_of_module(*mapping)) return {};
  need_runtime_fs();
  std::string name =
      linux::content_name(mapping->file->path, mapping->file->device, mapping->file->inode);
  const std::lock_guard held(lock_);
  Module* module = nullptr;
  if (!name.empty()) {
    const auto known = std::find_if(modules_.begin(), modules_.end(),
                                    [&](const auto& each) { return each->name == name; });
    if (known == modules_.end()) {
      modules_.push_back(std::make_unique<Module>());
      module = modules_.back().get();
      module->name = std::move(name);
    } else {
      module = known->get();
    }
  }
  places_.push_back({mapping->range, mapping->range.start.value - mapping->offset, module});
  return look_up_locked(tag).value_or(Found{});
}

const CodeFile* PersistentCode::file_of(Module& module, bool paired) {
  Half& half = module.halves[paired ? 1 : 0];
  {
    const std::lock_guard held(lock_);
    if (half.opened) return half.file.get();
  }
  need_runtime_fs();
  std::unique_ptr<CodeFile> file;
  const Result<linux::UniqueFd> directory = linux::open_private_directory(directory_);
  if (directory) {
    Result<std::unique_ptr<CodeFile>> opened =
        CodeFile::open(directory.value(), file_name(module, paired), fingerprints_[paired ? 1 : 0]);
    if (opened) {
      file = std::move(opened).value();
    } else {
      warn(opened.error().message + ": not used");
    }
  }
  const std::lock_guard held(lock_);
  if (!half.opened) half.file = std::move(file);
  half.opened = true;
  return half.file.get();
}

bool PersistentCode::find(AppPc tag, bool paired, std::vector<uint8_t>& record) {
  if (!usable_) return false;
  const Found found = look_up(tag);
  if (found.module == nullptr) return false;
  const CodeFile* const file = file_of(*found.module, paired);
  return file != nullptr && file->find(found.place, record);
}

void PersistentCode::keep(AppPc tag, bool paired, std::span<const uint8_t> record) {
  if (!usable_) return;
  const Found found = look_up(tag);
  if (found.module == nullptr) return;
  const std::lock_guard held(lock_);
  Half& half = found.module->halves[paired ? 1 : 0];
  if (half.bytes.size() + record.size() > kLargestFile) return;
  half.records.push_back({found.place, static_cast<uint32_t>(record.size()), half.bytes.size()});
  half.bytes.insert(half.bytes.end(), record.begin(), record.end());
}

void PersistentCode::forget(AppRange range) {
  const std::lock_guard held(lock_);
  std::erase_if(places_, [&](const Place& place) { return place.range.overlaps(range); });
}

void PersistentCode::save() {
  if (!usable_) return;
  struct Task {
    std::string name;
    bool paired;
    Half fresh;
  };
  std::vector<Task> tasks;
  {
    const std::lock_guard held(lock_);
    for (const auto& module : modules_) {
      for (const bool paired : {false, true}) {
        Half& half = module->halves[paired ? 1 : 0];
        const uint64_t known = half.file == nullptr ? 0 : half.file->size();
        if (half.records.empty() || half.bytes.size() * kWorthwhilePart < known) continue;
        Half fresh;
        fresh.records.swap(half.records);
        fresh.bytes.swap(half.bytes);
        tasks.push_back({file_name(*module, paired), paired, std::move(fresh)});
      }
    }
  }
  if (tasks.empty()) return;
  const Result<linux::UniqueFd> directory = linux::open_private_directory(directory_);
  if (!directory) return;
  for (Task& task : tasks) {
    // What keeps one from being written, a full disk perhaps, is going to keep the others.
    if (!save(directory.value(), task.name, task.paired, std::move(task.fresh))) break;
  }
}

bool PersistentCode::save(const linux::UniqueFd& directory, const std::string& name, bool paired,
                          Half fresh) {
  const uint64_t fingerprint = fingerprints_[paired ? 1 : 0];
  std::unordered_map<uint32_t, size_t> latest;
  for (size_t i = 0; i < fresh.records.size(); ++i) latest[fresh.records[i].place] = i;
  // In the order in which they were wanted, because they are going to be wanted in that order.
  std::vector<CodeFile::Entry> entries;
  uint64_t size = fresh.bytes.size();
  std::vector<uint8_t> old;
  // As it is now: another process may have written it since.
  if (auto opened = CodeFile::open(directory, name, fingerprint); opened && opened.value()) {
    // Not moved while entries refer to it.
    old.reserve(opened.value()->size());
    opened.value()->for_each([&](uint32_t place, std::span<const uint8_t> record) {
      size += record.size();
      if (size > kLargestFile || latest.contains(place)) return;
      entries.push_back({place, std::span(old.end().base(), record.size())});
      old.insert(old.end(), record.begin(), record.end());
    });
  }
  for (size_t i = 0; i < fresh.records.size(); ++i) {
    const Record& record = fresh.records[i];
    if (latest[record.place] != i) continue;
    entries.push_back({record.place, std::span(fresh.bytes).subspan(record.position, record.size)});
  }
  if (Status written = CodeFile::write(directory, name, fingerprint, entries); !written) {
    // The limit on its files is the program's own choice.
    if (written.error().code != EFBIG) warn(written.error().message + ": not written");
    return false;
  }
  WEFT_LOG(kInfo, "{} written: {} superblocks, {} of them new", name, entries.size(),
           latest.size());
  return true;
}

void PersistentCode::unlock_after_fork(bool child) {
  if (child) {
    for (const auto& module : modules_) {
      for (Half& half : module->halves) {
        half.records.clear();
        half.bytes.clear();
      }
    }
  }
  lock_.unlock();
}

}  // namespace weft::engine

#include "engine/code_images.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/log.h"
#include "cache/shadow_map.h"
#include "cache/stats.h"
#include "engine/output.h"
#include "linux/kernel/build_id.h"
#include "linux/kernel/calls.h"
#include "linux/kernel/private_file.h"
#include "linux/kernel/raw_syscall.h"
#include "linux/memory/image_memory.h"
#include "linux/memory/layout.h"

namespace weft::engine {
AppRange CodeImages::records_place() { return linux::kRecords; }

CodeImages::CodeImages(const Parts& parts) : parts_(parts) {
  std::string build = linux::own_build_id();
  if (build.empty()) build = linux::content_name("/proc/self/exe");
  const Options& options = parts.options;
  // Code is copied from the program as it is, and chosen by nothing of the CPU's: what else decides
  // how a block is translated is this build of weft, these options, the tools and where
  // the code lies.
  fingerprint_ = hash_of(fmt::format("{} max-blocks={} returns={} code={:x}-{:x} {}", build,
                                     options.max_blocks, static_cast<int>(options.returns),
                                     parts.cache.code_range().start.value,
                                     parts.cache.code_range().end.value, options.tools_version));
  usable_ = !build.empty();
}

Status CodeImages::start() {
  const Result<linux::UniqueFd> directory = linux::make_private_directory(parts_.options.persist);
  if (directory) return Unit{};
  usable_ = false;
  // A program that was started by another, perhaps as another user, runs all the same.
  if (!parts_.options.followed && parts_.options.persist_asked) {
    return Error{"--persist: " + directory.error().message, directory.error().code};
  }
  warn(directory.error().message + ": started cold");
  return Unit{};
}

void CodeImages::warn(const std::string& text) const {
  WEFT_LOG(kInfo, "{}", text);
  if (!parts_.options.persist_asked) return;
  write_all(kStandardError, "weft: --persist: " + text + "\n");
}

std::string CodeImages::file_name(const std::string& content) const {
  return fmt::format("{}-{:016x}.image", content, fingerprint_);
}

bool CodeImages::resume(const std::string& path, AppRange executable, bool pairs_returns) {
  if (!usable_) return pairs_returns;
  executable_ = executable;
  program_ = path;
  const std::string content = linux::content_name(path);
  if (!content.empty()) own_name_ = file_name(content);
  const Result<linux::UniqueFd> directory = linux::open_private_directory(parts_.options.persist);
  if (!directory) return pairs_returns;
  for (const bool common : {false, true}) {
    const std::string name = common ? file_name("common") : own_name_;
    if (name.empty()) continue;
    Result<std::unique_ptr<ImageFile>> file =
        ImageFile::open(directory.value(), name, fingerprint_);
    if (!file) {
      warn(file.error().message + ": not used");
      continue;
    }
    if (!file.value() || !take(*file.value())) continue;
    from_common_ = common;
    resumed_ = file.value()->checksum();
    return file.value()->contents().pairs_returns;
  }
  return pairs_returns;
}

bool CodeImages::take(ImageFile& file) {
  ImageContents& contents = file.contents();
  if (!file.map_words()) return false;
  const auto map = [&file](std::span<const AppRange> memory) { return file.map(memory); };
  if (!parts_.cache.resume(contents.state, map)) return false;
  for (ImageModule& module : contents.modules) {
    modules_.push_back(std::make_unique<Module>());
    Module& made = *modules_.back();
    made.image = std::move(module);
    made.extent = made.image.code;
    for (const AppPc slot : made.image.late_slots) parts_.steady_slots.note_change(slot);
    for (const ImageModule::Condition& each : made.image.conditions) {
      made.extent.start = std::min(made.extent.start, each.slot);
      made.extent.end = std::max(made.extent.end, each.slot + sizeof(uint64_t));
    }
  }
  asleep_.store(static_cast<uint32_t>(modules_.size()), std::memory_order_release);
  first_new_ = parts_.cache.next_sequence();
  if (parts_.hooks != nullptr) parts_.hooks->resume_image(std::move(contents.tools));
  WEFT_LOG(kInfo, "an image of {} modules and {} fragments is resumed", modules_.size(),
           parts_.cache.stats().fragments_live);
  return true;
}

CodeImages::Module* CodeImages::sleeping(AppRange bytes) const {
  for (const auto& module : modules_) {
    if (!module->extent.overlaps(bytes)) continue;
    if (module->state.load(std::memory_order_acquire) == State::kAsleep) return module.get();
  }
  return nullptr;
}

bool CodeImages::is_asleep(AppRange bytes) const {
  return any_asleep() && sleeping(bytes) != nullptr;
}

bool CodeImages::is_of_module(const linux::Mapping& mapping) const {
  return mapping.owner == linux::Owner::kProgram && mapping.file != nullptr &&
         mapping.file->device < linux::BackingFile::kSharedSegments && mapping.executable() &&
         !mapping.writable() && mapping.is_private() && !parts_.space.has_written_views(mapping) &&
         parts_.reservations.has(mapping.range);
}

CodeImages::Module* CodeImages::module_at(AppPc pc) const {
  for (const auto& module : modules_) {
    if (module->image.code.contains(pc)) return module.get();
  }
  return nullptr;
}

CodeImages::Woken CodeImages::wake(AppRange bytes) {
  const Held held(*this);
  Module* const module = sleeping(bytes);
  if (module == nullptr) return {};
  return {wake(*module) ? Woken::kYes : Woken::kRefused, module->image.code.start};
}

bool CodeImages::wake(Module& module) {
  module.is_waking = true;
  bool same = is_there(module.image);
  if (same) {
    for (const ImageModule::Condition& condition : module.image.conditions) {
      if (holds(condition, module)) continue;
      // No word leads there yet (see read_words()), and the module sleeps.
      parts_.cache.delete_by_id(condition.fragment);
    }
    same = !drop_wanted_ && put_words(module);
  }
  if (!same) {
    const AppRange code = module.image.code;
    WEFT_LOG(kInfo, "{:#x}-{:#x} is not what the image knows", code.start.value, code.end.value);
    // All of it, since the words, which are not in their place, are as they were.
    parts_.cache.delete_region(code);
  }
  module.is_waking = false;
  module.state.store(same ? State::kAwake : State::kGone, std::memory_order_release);
  asleep_.fetch_sub(1, std::memory_order_release);
  return same;
}

bool CodeImages::holds(const ImageModule::Condition& condition, Module& module) {
  const std::optional<AppPc> target = parts_.slot_target(condition.slot);
  if (!target) {
    parts_.steady_slots.note_change(condition.slot);
    module.image.late_slots.push_back(condition.slot);
    newly_late_.fetch_add(1, std::memory_order_relaxed);
    return false;
  }
  if (*target != condition.target) return false;
  Module* const other = module_at(condition.target);
  if (other == nullptr) return false;
  // Its own module, or one that waits for it: their bytes have been compared by then.
  if (other->is_waking) return true;
  if (other->state.load(std::memory_order_relaxed) == State::kAsleep) wake(*other);
  return other->state.load(std::memory_order_relaxed) == State::kAwake;
}

bool CodeImages::is_there(const ImageModule& module) const {
  const auto mapping = parts_.space.find(module.code.start);
  if (!mapping || mapping->range != module.code || !is_of_module(*mapping)) return false;
  return std::all_of(module.pages.begin(), module.pages.end(), [](const ImageModule::Page& page) {
    return hash_of_page(page.start) == page.hash;
  });
}

bool CodeImages::put_words(const Module& module) const {
  return linux::move_words(module.image.words, linux::shadow_range(module.image.code));
}

void CodeImages::add_filled(AppRange code, std::span<uint8_t> pages) const {
  constexpr uint64_t kServed = cache::ShadowMap::kPageWords;
  const Locked held(lock_);
  for (const auto& module : modules_) {
    const ImageModule& image = module->image;
    if (module->state.load(std::memory_order_relaxed) != State::kAwake) continue;
    const AppRange both = code.intersection(image.code);
    for (AppPc at = both.start; at < both.end; at = at + kServed) {
      if (image.is_filled((at - image.code.start) / kServed))
        pages[(at - code.start) / kServed] = 1;
    }
  }
}

std::vector<AppRange> CodeImages::awake_parts(AppRange range) const {
  std::vector<AppRange> parts{range};
  // Under the lock: a module that wakes later finds the change.
  const Locked held(lock_);
  for (const auto& module : modules_) {
    if (module->state.load(std::memory_order_relaxed) != State::kAsleep) continue;
    const AppRange extent = module->extent;
    std::vector<AppRange> left;
    for (const AppRange part : parts) {
      const AppRange before{part.start, std::min(part.end, extent.start)};
      const AppRange behind{std::max(part.start, extent.end), part.end};
      if (!before.empty()) left.push_back(before);
      if (!behind.empty()) left.push_back(behind);
    }
    parts = std::move(left);
  }
  return parts;
}

CodeImages::Held::Held(CodeImages& images) : images_(images) {
  images_.lock_.lock();
  images_.holder_.store(linux::kernel::current_thread(), std::memory_order_relaxed);
}

CodeImages::Held::~Held() {
  if (images_.drop_wanted_) images_.drop_all();
  images_.drop_wanted_ = false;
  images_.holder_.store(0, std::memory_order_relaxed);
  images_.lock_.unlock();
}

void CodeImages::drop() {
  if (!any_asleep()) return;
  if (holder_.load(std::memory_order_relaxed) == linux::kernel::current_thread()) {
    drop_wanted_ = true;
    return;
  }
  const Held held(*this);
  drop_all();
}

void CodeImages::drop_all() {
  for (const auto& module : modules_) {
    if (module->state.load(std::memory_order_relaxed) != State::kAsleep) continue;
    parts_.cache.delete_region(module->image.code);
    module->state.store(State::kGone, std::memory_order_release);
  }
  asleep_.store(0, std::memory_order_release);
}

void CodeImages::forked(Thread& /*thread*/) {
  const uint64_t next = parts_.cache.next_sequence();
  // Else no page to be copied for it.
  if (first_new_ != next) first_new_ = next;
  if (newly_late_.load() != 0) newly_late_.store(0);
}

}  // namespace weft::engine

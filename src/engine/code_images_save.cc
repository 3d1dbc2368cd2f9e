// The part of code images that writes them.

#include <sys/random.h>

#include <algorithm>
#include <cerrno>

#include "base/log.h"
#include "cache/stats.h"
#include "engine/code_images.h"
#include "linux/kernel/private_file.h"
#include "linux/kernel/raw_syscall.h"
#include "linux/memory/image_memory.h"
#include "linux/memory/layout.h"
#include "translate/set_once.h"

namespace weft::engine {
namespace {

/// An image is written again when so large a part of it is new: a run that meets a few blocks more
/// than those before it does not copy everything.
constexpr uint64_t kWorthwhilePart = 16;
/// With less, one run of several does, the more often the more it has: what many runs need is kept
/// in the end, and writing costs them together what translating it does.
constexpr uint64_t kSpreadPart = 2;
/// A slot found late costs each process a deletion and a translation, until an image says so.
constexpr uint64_t kLateSlotNews = 16;
/// Of memory in the image that all programs start from: with more, the one that is there stays.
constexpr uint64_t kLargestCommon = 64u << 20;
/// All images together.
constexpr uint64_t kMostBytes = uint64_t{1} << 30;

const ImageModule* module_of(const std::vector<ImageModule>& modules, AppPc pc) {
  for (const ImageModule& module : modules) {
    if (module.code.contains(pc)) return &module;
  }
  return nullptr;
}

uint64_t bytes_of(const std::vector<AppRange>& memory) {
  uint64_t sum = 0;
  for (const AppRange range : memory) sum += range.size();
  return sum;
}

/// The pages that the bytes lie on.
void note_pages(AppRange bytes, std::vector<uint64_t>& pages) {
  for (uint64_t at = page_down(bytes.start.value); at < bytes.end.value; at += kPageSize) {
    if (pages.empty() || pages.back() != at) pages.push_back(at);
  }
}

/// Finds out which pages of the words, at their place, are filled.
void find_filled(ImageModule& module) {
  std::vector<uint8_t> resident(module.shadow_pages());
  linux::find_resident(module.words, resident);
  constexpr size_t kPageWords = kPageSize / sizeof(uint64_t);
  for (size_t page = 0; page < module.shadow_pages(); ++page) {
    // Of a file, pages that are there need not be resident.
    if (resident[page] == 0 && !module.is_filled(page)) continue;
    auto* const words = reinterpret_cast<uint64_t*>(module.words + page * kPageSize);
    // The last one is written last.
    if (std::atomic_ref(words[kPageWords - 1]).load() != 0) {
      module.set_filled(page);
    } else {
      module.clear_filled(page);
    }
  }
}

/// Whether `fresh` of `all` are worth writing everything for; `chance` is a random number.
bool is_worthwhile(uint64_t fresh, uint64_t all, uint16_t chance) {
  constexpr uint64_t kChances = uint64_t{1} << 16;
  return fresh * kWorthwhilePart >= all || fresh * kSpreadPart * kChances > all * chance;
}

}  // namespace

std::vector<ImageModule> CodeImages::modules_now() const {
  std::vector<ImageModule> modules;
  std::vector<const ImageModule*> awake;
  for (const auto& module : modules_) {
    const State state = module->state.load(std::memory_order_relaxed);
    if (state == State::kAsleep) modules.push_back(module->image);
    if (state == State::kAwake) awake.push_back(&module->image);
  }
  const size_t asleep = modules.size();
  parts_.space.for_each([&](const linux::Mapping& mapping) {
    if (!is_of_module(mapping)) return;
    const bool taken = std::any_of(
        modules.begin(), modules.begin() + static_cast<std::ptrdiff_t>(asleep),
        [&mapping](const ImageModule& each) { return each.code.overlaps(mapping.range); });
    if (taken) return;
    ImageModule module;
    module.code = mapping.range;
    module.is_program = executable_.overlaps(mapping.range);
    module.words = linux::shadow_range(mapping.range).start.value;
    for (const ImageModule* resumed : awake) {
      if (resumed->code != module.code) continue;
      module.filled = resumed->filled;
      module.late_slots = resumed->late_slots;
    }
    module.filled.resize(module.filled_words());
    module.is_asleep = false;
    modules.push_back(std::move(module));
  });
  return modules;
}

std::optional<CodeImages::Origin> CodeImages::origin_of(
    const cache::Fragment& fragment, const std::vector<ImageModule>& modules) const {
  Origin origin;
  const ImageModule* const home = module_of(modules, fragment.tag());
  if (home == nullptr || fragment.kind() != cache::FragmentKind::kBlock ||
      fragment.tool_data() != nullptr) {
    return std::nullopt;
  }
  if (home->is_asleep) return origin;
  bool leaves_home = false;
  for (size_t i = 0; i < fragment.constituent_count(); ++i) {
    const AppRange bytes = fragment.constituent_bytes(i);
    const ImageModule* const module = module_of(modules, bytes.start);
    if (module != nullptr && bytes.end <= module->code.end) {
      leaves_home = leaves_home || module != home;
      origin.code.push_back(bytes);
      continue;
    }
    const bool may_be_slot = bytes.size() == sizeof(uint64_t);
    const auto target = may_be_slot ? parts_.slot_target(bytes.start) : std::nullopt;
    if (!target) return std::nullopt;
    origin.slots.push_back({bytes.start, *target, fragment.id()});
  }
  for (uint32_t i = 0; i < fragment.exit_count(); ++i) {
    const ImageModule* const module =
        module_of(modules, parts_.cache.exit_target(fragment.exit_id(i)));
    if (module == nullptr) return std::nullopt;
    leaves_home = leaves_home || module != home;
  }
  // Into other modules, only slots lead.
  if (leaves_home && origin.slots.empty()) return std::nullopt;
  return origin;
}

std::optional<cache::CodeCache::Image> CodeImages::seal(std::vector<ImageModule>& modules,
                                                        uint64_t bound) const {
  std::vector<std::vector<uint64_t>> pages(modules.size());
  const auto number_of = [&modules](const ImageModule* module) {
    return static_cast<size_t>(module - modules.data());
  };
  auto image = parts_.cache.image([&](const cache::Fragment& fragment) {
    const std::optional<Origin> origin = origin_of(fragment, modules);
    if (!origin || fragment.sequence() >= bound) return false;
    if (parts_.hooks != nullptr) translate::put_back_set_once(fragment);
    for (const AppRange bytes : origin->code) {
      const ImageModule* const module = module_of(modules, bytes.start);
      if (module->is_asleep) return false;
      note_pages(bytes, pages[number_of(module)]);
    }
    if (origin->slots.empty()) return true;
    std::vector<ImageModule::Condition>& conditions =
        modules[number_of(module_of(modules, fragment.tag()))].conditions;
    conditions.insert(conditions.end(), origin->slots.begin(), origin->slots.end());
    return true;
  });
  if (!image) return image;
  for (size_t i = 0; i < modules.size(); ++i) {
    ImageModule& module = modules[i];
    if (module.is_asleep) continue;
    std::sort(pages[i].begin(), pages[i].end());
    pages[i].erase(std::unique(pages[i].begin(), pages[i].end()), pages[i].end());
    for (const uint64_t page : pages[i]) {
      const std::optional<uint64_t> hash = hash_of_page({page});
      if (!hash) return std::nullopt;
      module.pages.push_back({{page}, *hash});
    }
    find_filled(module);
  }
  return image;
}

void CodeImages::read_words(const ImageModule& module, size_t page, const Ids& conditional,
                            std::span<uint64_t> words) const {
  const auto* const from = reinterpret_cast<uint64_t*>(module.words + page * kPageSize);
  for (size_t i = 0; i < words.size(); ++i) {
    const uint64_t word = __atomic_load_n(from + i, __ATOMIC_RELAXED);
    const cache::Fragment* const fragment =
        word == 0 || word == parts_.miss.value ? nullptr : parts_.cache.fragment_at({word});
    // None where another thread is only just filling the page; and none to what may not be entered
    // before its slots have been looked at.
    const bool leads = fragment != nullptr && !conditional.contains(fragment->id());
    words[i] = leads ? word : parts_.miss.value;
  }
}

bool CodeImages::add_tools(ImageContents& contents) const {
  if (parts_.hooks == nullptr) return true;
  auto state = parts_.hooks->image_state(
      [&contents](AppPc pc) { return module_of(contents.modules, pc) != nullptr; });
  if (state) contents.tools = std::move(*state);
  return state.has_value();
}

bool CodeImages::save_as(const linux::UniqueFd& directory, const std::string& name, uint64_t most,
                         ImageContents& contents) {
  std::vector<ImageModule>& modules = contents.modules;
  parts_.cache.delete_unless(
      [&](const cache::Fragment& fragment) { return is_kept(fragment, modules); });
  contents.fragments = parts_.cache.live_fragments();
  // What others have written meanwhile stays if it is more: the next run adds to that.
  const auto there = ImageFile::summary_of(directory, name, fingerprint_);
  if (there && there->checksum != resumed_ && there->fragments > contents.fragments) return false;
  parts_.cache.reclaim_now();
  // What the tools say is of the code up to here, and they must not be asked under the locks.
  const uint64_t bound = parts_.cache.next_sequence();
  if (!add_tools(contents)) return false;
  parts_.cache.lock_for_fork();
  Status written = Error{"", EAGAIN};
  // Another thread may have translated something since.
  std::optional<cache::CodeCache::Image> image = seal(modules, bound);
  if (image && bytes_of(image->memory) <= most) {
    contents.state = std::move(image->state);
    Ids conditional;
    for (const ImageModule& module : modules) {
      for (const ImageModule::Condition& each : module.conditions)
        conditional.insert(each.fragment);
    }
    const auto words = [&](const ImageModule& module, size_t page, std::span<uint64_t> to) {
      read_words(module, page, conditional, to);
    };
    written = ImageFile::write(directory, name, fingerprint_, contents, {image->memory, words});
  }
  parts_.cache.unlock_after_fork(false);
  if (!written) {
    // The limit on its files is the program's own choice.
    const int code = written.error().code;
    if (code != EFBIG && code != EAGAIN) warn(written.error().message + ": not written");
    return false;
  }
  WEFT_LOG(kInfo, "{} written: {} modules", name, modules.size());
  linux::remove_least_used(directory, ".image", name, kMostBytes);
  return true;
}

uint64_t CodeImages::late_news() const {
  return kLateSlotNews * newly_late_.load(std::memory_order_relaxed);
}

bool CodeImages::is_much_new(const std::vector<ImageModule>& modules, uint64_t made,
                             uint16_t chance) const {
  const uint64_t live = parts_.cache.live_fragments();
  // The code of a JIT is new each time, and is not kept.
  const uint64_t fresh = parts_.cache.count_if([&](const cache::Fragment& fragment) {
    return fragment.sequence() >= first_new_ && is_kept(fragment, modules);
  });
  return is_worthwhile(fresh + late_news(), std::min(live, live + fresh - made), chance);
}

void CodeImages::save(bool pairs_returns) {
  const uint64_t made = parts_.cache.next_sequence() - first_new_;
  if (!usable_ || own_name_.empty() || made == 0) return;
  uint16_t chance = 0;
  linux::raw_syscall(__NR_getrandom, linux::word(&chance), sizeof chance, GRND_NONBLOCK);
  if (!is_worthwhile(made + late_news(), parts_.cache.live_fragments(), chance)) return;
  const Held held(*this);
  ImageContents contents;
  contents.pairs_returns = pairs_returns;
  contents.program = program_;
  contents.modules = modules_now();
  if (!is_much_new(contents.modules, made, chance)) return;
  const Result<linux::UniqueFd> directory = linux::open_private_directory(parts_.options.persist);
  constexpr uint64_t kAnySize = ~uint64_t{0};
  if (!directory || !save_as(directory.value(), own_name_, kAnySize, contents)) return;
  // What comes with the libraries is of use to programs that are run for the first time.
  if (!from_common_ || pairs_returns) return;
  contents.program = "(libraries)";
  contents.modules = modules_now();
  std::erase_if(contents.modules, [](const ImageModule& module) { return module.is_program; });
  save_as(directory.value(), file_name("common"), kLargestCommon, contents);
}

}  // namespace weft::engine

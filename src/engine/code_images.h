// Code images: what a process has translated, mapped by the next one as it is. An image holds the
// shared cache's memory at the addresses that it has in every process, and what modules the code
// was made from. A module's code sleeps until it is wanted: then the program's bytes are compared,
// page by page, and what differs dies before it is entered. Owned by the engine; any thread, unless
// a member says otherwise.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_set>
#include <vector>

#include "base/address.h"
#include "base/fork_locks.h"
#include "base/result.h"
#include "base/spin_lock.h"
#include "cache/code_cache.h"
#include "engine/hooks.h"
#include "engine/image_file.h"
#include "engine/options.h"
#include "engine/steady_slots.h"
#include "linux/memory/address_space.h"
#include "linux/memory/shadow_reservations.h"

namespace weft::engine {

constexpr AppRange byte_at(AppPc pc) { return {pc, pc + 1}; }

class CodeImages final : public Observer {
 public:
  struct Parts {
    const Options& options;
    const linux::AddressSpace& space;
    const linux::ShadowReservations& reservations;
    cache::CodeCache& cache;
    CachePc miss;  ///< what the word of an address without code holds
    /// The address of code in a slot that does not change without a deletion that tells of it.
    std::function<std::optional<AppPc>(AppPc slot)> slot_target;
    SteadySlots& steady_slots;
    Hooks* hooks;  ///< of the tools, or null
  };
  explicit CodeImages(const Parts& parts);

  /// Where the records of a cache with images lie.
  static AppRange records_place();

  /// Looks at the directory, which it makes if it is not there. Once, before the program runs.
  Status start();
  /// Goes on with the image of the program at `path`, mapped at `executable`, or with what all
  /// programs have in common. `pairs_returns`: what of it the cache does now; answers what it does
  /// from here on. Before anything is translated.
  bool resume(const std::string& path, AppRange executable, bool pairs_returns);

  /// Whether there is anything that sleeps; none falls asleep later. Cheap.
  bool any_asleep() const { return asleep_.load(std::memory_order_acquire) != 0; }
  /// Whether wake() has to see to a module before code of these bytes can be entered or made: to
  /// theirs, or to one whose place, its slots included, something else has now. Cheap.
  bool is_asleep(AppRange bytes) const;
  /// The same, and sees to it: the code of its module can be entered, or is gone. To one module.
  struct Woken {
    enum Result : uint8_t { kAlready, kYes, kRefused } result = kAlready;
    AppPc code;  ///< where that of the module begins
  };
  Woken wake(AppRange bytes);
  /// The parts of `range` where nothing sleeps. What sleeps is compared when it is wanted, and need
  /// not die of a change; and nothing else is made of these bytes while it sleeps (see
  /// is_asleep()).
  std::vector<AppRange> awake_parts(AppRange range) const;
  /// All that sleeps is gone: for what concerns all code, and before a tool deletes any: a word of
  /// what sleeps could not be taken back. In what a deletion by this class has tools do, soon.
  void drop() NO_THREAD_SAFETY_ANALYSIS;  // or the caller has the lock

  /// Sets those of `pages`, the pages of the words of `code`, that came filled with an image.
  void add_filled(AppRange code, std::span<uint8_t> pages) const;

  /// Writes an image if much is new. `pairs_returns`: how the cache's code returns.
  void save(bool pairs_returns);

  void add_fork_locks(ForkLocks& locks) override { locks.add(lock_); }
  /// The child saves for what it translates itself.
  void forked(Thread& thread) override;

 private:
  enum class State : uint8_t { kAsleep, kAwake, kGone };
  struct Module {
    ImageModule image;
    AppRange extent;         ///< of its code and of the slots that it was translated by
    bool is_waking = false;  ///< under lock_
    std::atomic<State> state{State::kAsleep};
  };

  /// Holds the lock, and notes who does.
  class SCOPED_CAPABILITY Held {
   public:
    explicit Held(CodeImages& images) ACQUIRE(images.lock_);
    ~Held() RELEASE();
    Held(const Held&) = delete;
    Held& operator=(const Held&) = delete;

   private:
    CodeImages& images_;
  };

  bool take(ImageFile& file);
  void drop_all() REQUIRES(lock_);
  bool is_of_module(const linux::Mapping& mapping) const;
  Module* sleeping(AppRange bytes) const;
  Module* module_at(AppPc pc) const;
  bool wake(Module& module) REQUIRES(lock_);
  /// `module`: whose condition it is.
  bool holds(const ImageModule::Condition& condition, Module& module) REQUIRES(lock_);
  bool is_there(const ImageModule& module) const;
  bool put_words(const Module& module) const;
  std::vector<ImageModule> modules_now() const;
  /// What a fragment was translated from: bytes of modules, and slots that named targets.
  struct Origin {
    std::vector<AppRange> code;
    std::vector<ImageModule::Condition> slots;
  };
  /// That of a fragment that an image of `modules` may have, none of it of one that sleeps; nothing
  /// of other fragments.
  std::optional<Origin> origin_of(const cache::Fragment& fragment,
                                  const std::vector<ImageModule>& modules) const;
  bool is_kept(const cache::Fragment& fragment, const std::vector<ImageModule>& modules) const {
    return origin_of(fragment, modules).has_value();
  }
  /// Whether enough of what would be in an image is new for it to be worth writing.
  /// `made`: fragments since it began. `chance`: a random number.
  bool is_much_new(const std::vector<ImageModule>& modules, uint64_t made, uint16_t chance) const;
  /// What the slots that were found late count for, in fragments.
  uint64_t late_news() const;
  /// What the tools have to say; false if there must be no image.
  bool add_tools(ImageContents& contents) const;
  /// False, and nothing is written, if there were more than `most` bytes of memory.
  bool save_as(const linux::UniqueFd& directory, const std::string& name, uint64_t most,
               ImageContents& contents);
  /// Nothing if there is code that is newer than `bound`, or cannot be kept.
  std::optional<cache::CodeCache::Image> seal(std::vector<ImageModule>& modules,
                                              uint64_t bound) const;
  using Ids = std::unordered_set<uint32_t>;
  /// The module's words as an image has them: those that lead to fragments of the image, but for
  /// the `conditional` ones.
  void read_words(const ImageModule& module, size_t page, const Ids& conditional,
                  std::span<uint64_t> words) const;
  void warn(const std::string& text) const;
  std::string file_name(const std::string& content) const;

  const Parts parts_;
  uint64_t fingerprint_ = 0;
  bool usable_ = false;
  std::string program_;   ///< its path
  std::string own_name_;  ///< of the program's image
  AppRange executable_{};
  bool from_common_ = true;  ///< the image resumed from is that of all programs, or none
  uint64_t resumed_ = 0;     ///< checksum of the image resumed from; 0: none
  uint64_t first_new_ = 0;   ///< number of the first fragment that is new
  mutable SpinLock<LockRank::kImages> lock_;  ///< for what wakes, and while an image is written
  std::vector<std::unique_ptr<Module>>
      modules_;                          ///< as they were resumed: fixed before the program runs
  std::atomic<uint32_t> asleep_{0};      ///< how many of them sleep
  std::atomic<int64_t> holder_{0};       ///< the thread that has a Held; 0: none
  std::atomic<uint32_t> newly_late_{0};  ///< slots that the image did not know to be late
  bool drop_wanted_ GUARDED_BY(lock_) = false;  ///< by the holder, in what tools do
};

}  // namespace weft::engine

// Writable pages that hold translated code: so that no fragment outlives the bytes it was made
// from, they are read-only to the kernel until the program writes there, or, where it writes often,
// writable and their fragments check their own bytes. Owned by the engine; any thread, short lock.
#pragma once

#include <atomic>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "base/address.h"
#include "base/fork_locks.h"
#include "base/spin_lock.h"
#include "linux/memory/address_space.h"
#include "linux/memory/foreign_port.h"

namespace weft::engine {

class CodePages {
 public:
  /// In nanoseconds.
  using Moment = uint64_t;

  /// `port`: where other processes see what is protected.
  CodePages(linux::AddressSpace& space, linux::ForeignPort& port) : space_(space), port_(port) {}

  /// Before code is read from `page`, of a writable mapping: takes write permission away. False if
  /// the page is one whose code has to check itself; nothing is changed then.
  bool protect(AppPc page);
  /// From now on no page is held: somebody writes without asking. The caller then has the pages
  /// that are held opened.
  void check_always();
  bool checks_always() const { return checks_always_.load(std::memory_order_relaxed); }
  /// Whether any page may be held; cheap.
  bool any_held() const { return held_.load(std::memory_order_relaxed) != 0; }

  /// What becomes of a store that a page's protection stopped.
  enum class Store : uint8_t {
    kRetry,    ///< nothing stops it any more
    kEmulate,  ///< it is carried out past the protection
    kHasten,   ///< the same, and threads keep the page from being opened: the caller nudges them
    kClose,    ///< the same, and the page is about to be opened: the caller calls close() first
    kGrant,    ///< nobody executes what was translated there any more: the caller calls grant()
  };
  /// To be asked once for each. `freeable`: see cache::Epochs.
  Store on_store(AppPc address, uint64_t freeable, Moment now);
  /// Begins to open the held page of `address`: what is translated there from now on checks itself.
  /// The caller then deletes the fragments there and calls close().
  bool begin_closing(AppPc address, Moment now);
  /// The page's fragments are deleted; `epoch`: when, as cache::Epochs counts.
  void close(AppPc address, uint64_t epoch);
  /// Gives write permission back to the page of `address`. Its code goes on checking itself if such
  /// pages are written often; otherwise the caller deletes the fragments there, so that the next
  /// ones are plain.
  void grant(AppPc address, Moment now);
  /// The held pages of `range`: what is translated there from now on checks itself. The caller then
  /// deletes the fragments there and calls open_closed().
  std::vector<AppRange> close_all(AppRange range, Moment now);
  /// Gives write permission back to the pages of `range` that are being opened. Their code goes on
  /// checking itself for a while.
  void open_closed(AppRange range, Moment now);
  /// Gives write permission back in `range`, where the program has it, and forgets what was counted
  /// there. The caller deletes the fragments afterwards, so that what is translated in between
  /// dies, too.
  void release(AppRange range);

  /// Whether calm() may have something to do some time; cheap.
  bool any_to_calm() const { return next_calm_.load(std::memory_order_relaxed) != kNever; }
  /// Pages that have checked themselves long enough to try protection again, and those that stores
  /// began to open and then left alone. The caller deletes their fragments.
  std::vector<AppRange> calm(Moment now);

  void add_fork_locks(ForkLocks& locks) { locks.add(lock_); }

 private:
  static constexpr Moment kNever = ~Moment{0};

  enum class Mode : uint8_t {
    kFree,
    kHeld,     ///< read-only; fragments are plain
    kClosing,  ///< read-only; new fragments check themselves, plain ones are dying
    kChecked,  ///< writable; fragments check themselves
  };
  struct Page {
    Mode mode = Mode::kFree;
    uint8_t opened = 0;    ///< times in a row, without a long pause
    uint8_t patience = 0;  ///< each time that it is checked, it is so twice as long
    uint16_t stores = 0;   ///< emulated since the mode changed
    uint64_t closed = 0;   ///< the epoch after which nobody executes plain fragments
    Moment last_opened = 0;
    Moment calm_at = 0;                                ///< when checking is to end
    uint32_t listed = linux::ForeignPort::kNotListed;  ///< while it is protected
  };
  using Pages = std::unordered_map<uint64_t, Page>;

  template <typename Visit>
  void for_each_in(AppRange range, Visit visit) REQUIRES(lock_);
  /// A JIT that fills one page after the other, and runs what it has, goes on as on the last one.
  void go_on_from_page_before(AppPc page, Page& state) REQUIRES(lock_);
  void give_back(uint64_t address, Page& page) REQUIRES(lock_);
  void strike_from_list(Page& page) REQUIRES(lock_);
  Page* find(AppPc address) REQUIRES(lock_);
  bool is_protected(const Page& page) const {
    return page.mode == Mode::kHeld || page.mode == Mode::kClosing;
  }
  void start_closing(Page& page, Moment now);
  void check_from(Page& page, Moment now);
  void calm_page_at(Page& page, Moment moment);
  void set_kernel_protection(uint64_t page, bool writable) const;

  linux::AddressSpace& space_;
  linux::ForeignPort& port_;  ///< under lock_
  mutable SpinLock<LockRank::kCodePages> lock_;
  Pages pages_ GUARDED_BY(lock_);  ///< by address
  std::atomic<bool> checks_always_{false};
  std::atomic<uint32_t> held_{0};  ///< pages that are read-only on our account
  std::atomic<Moment> next_calm_{kNever};
};

}  // namespace weft::engine

// The record of what is mapped where on the program's behalf, and the choice of places for more.
// Thread-safe by its own lock, which is never held across a system call. Not signal-safe.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/address.h"
#include "base/fork_locks.h"
#include "base/spin_lock.h"
#include "linux/memory/layout.h"

namespace weft::linux {

enum class Owner : uint8_t {
  kProgram,
  kRuntime,   ///< code cache, shadow map: not listed to the program, never replaced by it
  kReserved,  ///< handed out by choose(), not mapped yet
};

/// What /proc/self/maps calls an area that no file backs.
enum class Label : uint8_t { kNone, kHeap, kStack, kVdso, kVvar };

/// The file behind a mapping, as /proc/self/maps names it.
struct BackingFile {
  /// Devices of what has no file: inode is a number of our own, or that of a System V segment.
  static constexpr uint64_t kAnonymousMemory = ~uint64_t{0};
  static constexpr uint64_t kSharedSegments = ~uint64_t{1};

  uint64_t device = 0;
  uint64_t inode = 0;
  std::string path;
};

struct Mapping {
  AppRange range;
  int prot = 0;   ///< PROT_*, as the program asked for
  int flags = 0;  ///< MAP_SHARED or MAP_PRIVATE, MAP_ANONYMOUS, MAP_NORESERVE, ...
  Owner owner = Owner::kProgram;
  Label label = Label::kNone;
  bool consulted = false;  ///< see AddressSpace::consult()
  uint64_t offset = 0;     ///< in the file, of range.start
  std::shared_ptr<const BackingFile> file;

  bool executable() const;
  bool writable() const;
  bool is_private() const;
  /// Whether something may have been translated from its bytes, or by what they say.
  bool feeds_translation() const { return executable() || consulted; }
  /// Of memory that other mappings may show too, so that a store here is seen there.
  bool is_written_view() const;
};

/// Where `mapping` shows the memory that `view` shows, as far as it does; empty if it does not.
AppRange common_part(const Mapping& mapping, const Mapping& view);

/// What choose() has to know of a mapping to be made.
struct Placement {
  uint64_t size = 0;
  int prot = 0;
  bool file_backed = false;
  bool low_2gb = false;        ///< MAP_32BIT
  uint64_t align = kPageSize;  ///< a power of two
  uint64_t hint = 0;           ///< honoured where free and not ours
  /// Stands for the file, if it is not 0: where places repeat, it has the same one each time.
  uint64_t file_number = 0;
};

class AddressSpace {
 public:
  AddressSpace();

  /// Other places than those of the window. Before anything is recorded.
  void use_zones(const Zones& zones);
  const Zones& zones() const { return zones_; }
  /// Each module has a place of its own from here on, the same in every process, unless it is
  /// taken. Before anything is recorded.
  void repeat_places();
  bool repeats_places() const { return repeats_places_; }

  /// Picks a free range and holds it (Owner::kReserved) until note_map() or give_up() says what
  /// came of it, so that two threads never get the same. nullopt: no room. The caller maps with
  /// MAP_FIXED_NOREPLACE: outside the window, memory of the runtime's libraries is not recorded
  /// here; on EEXIST it calls give_up() and chooses again without the hint.
  std::optional<AppPc> choose(const Placement& placement);

  /// `mapping.range` now holds this mapping, whatever was there before. This and the next two: true
  /// if memory was concerned that had been consulted, so that what was translated by it has to go.
  bool note_map(const Mapping& mapping);
  bool note_protect(AppRange range, int prot);
  /// The mapping at `from` now lies at `to` (possibly longer or shorter). `keep_old`:
  /// MREMAP_DONTUNMAP.
  bool note_remap(AppRange from, AppRange to, bool keep_old);
  void note_unmap(AppRange range);
  /// What choose() holds of `range` is free again. What another thread has mapped there since
  /// stays.
  void give_up(AppRange range);

  /// The caller is going to read `range`, and to translate by what it finds. True if nobody changes
  /// the bytes unless that is noted here: the program's private memory that may be read, and
  /// neither written nor executed. From then on the mapping is marked as consulted.
  bool consult(AppRange range);
  /// Whether any of `range` has been consulted.
  bool is_consulted(AppRange range) const;

  std::optional<Mapping> find(AppPc pc) const;
  /// True if every byte of `range` is in an executable mapping of the program.
  bool is_executable(AppRange range) const;
  /// The lowest mapping of `owner` that overlaps `range`.
  std::optional<Mapping> first_overlap(AppRange range, Owner owner) const;
  /// The lowest mapping of any owner that overlaps `range`.
  std::optional<Mapping> first_overlap(AppRange range) const;
  /// True if nothing is recorded in `range`.
  bool is_free(AppRange range) const;
  /// True if the program's own mappings cover `range` whole.
  bool program_covers(AppRange range) const;

  /// Whether any mapping writes to the file or shared memory behind `mapping`. Cheap.
  bool has_written_views(const Mapping& mapping) const;
  /// Whether another mapping than that of `page`, which is in `mapping`, writes what it shows.
  bool is_written_elsewhere(const Mapping& mapping, AppRange page) const;

  /// Grows when a file that was not among them may be behind a mapping that feeds translation.
  /// Cheap.
  uint32_t translated_files_version() const {
    return translated_files_version_.load(std::memory_order_acquire);
  }
  /// Whether any mapping of the program that feeds translation shows the file.
  bool translates_file(uint64_t device, uint64_t inode) const;

  /// Every mapping in address order. `visit` runs without the lock, on a copy.
  void for_each(const std::function<void(const Mapping&)>& visit) const;

  /// Of all mappings that `counts` says so of, in bytes. It must be quick, and take no lock.
  uint64_t size_of(bool (*counts)(const Mapping&)) const;

  /// Around fork: the child's copy of the record must be whole.
  void add_fork_locks(ForkLocks& locks) { locks.add(lock_); }

 private:
  using Map = std::map<uint64_t, Mapping>;  ///< by range.start; disjoint

  Map::const_iterator at_or_after(uint64_t address) const REQUIRES(lock_);
  bool free_locked(AppRange range) const REQUIRES(lock_);
  /// Makes `address` a boundary between mappings.
  void split(uint64_t address) REQUIRES(lock_);
  void erase(AppRange range) REQUIRES(lock_);
  void free_range(AppRange range) REQUIRES(lock_);
  void insert(Mapping mapping) REQUIRES(lock_);
  bool is_consulted_locked(AppRange range) const REQUIRES(lock_);
  void merge_around(AppRange range) REQUIRES(lock_);
  void collect_written_views() const REQUIRES(lock_);
  bool has_written_views_locked(const Mapping& mapping) const REQUIRES(lock_);
  /// `mapping`, which is in the record, feeds translation.
  void note_translated_file(const Mapping& mapping) REQUIRES(lock_);
  std::optional<uint64_t> lowest_gap(AppRange zone, const Placement& placement) const
      REQUIRES(lock_);
  std::optional<uint64_t> highest_gap(AppRange zone, const Placement& placement) const
      REQUIRES(lock_);
  std::optional<uint64_t> far_gap(const Placement& placement) REQUIRES(lock_);
  std::optional<uint64_t> near_gap(const Placement& placement) REQUIRES(lock_);

  mutable SpinLock<LockRank::kAddressSpace> lock_;
  Map map_ GUARDED_BY(lock_);
  mutable std::vector<Mapping> written_views_
      GUARDED_BY(lock_);  ///< of map_, unless they have to be collected again
  mutable bool collected_ GUARDED_BY(lock_) = false;
  std::atomic<uint32_t> translated_files_version_{1};
  /// Device and inode of each file that has ever been behind a mapping that feeds translation.
  std::set<std::pair<uint64_t, uint64_t>> translated_files_ GUARDED_BY(lock_);
  Zones zones_;  ///< constant once the program is mapped
  bool repeats_places_ = false;
  uint64_t near_start_;  ///< where the search for modules begins; varies from run to run
  uint64_t far_cursor_ GUARDED_BY(lock_);  ///< no gap of any use lies above it in the far zone
  /// No gap of near_cursor_size_ or more begins below it, from near_start_ on.
  uint64_t near_cursor_ GUARDED_BY(lock_) = 0;
  uint64_t near_cursor_size_ GUARDED_BY(lock_) = 0;
};

}  // namespace weft::linux

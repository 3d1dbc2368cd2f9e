// A fragment's record. Owned by the cache, from publish() until it is reclaimed; a caller that
// keeps a pointer holds an epoch. Constant after publication but for its state, entries and extra
// slots. Accessors may be called by any thread and are signal-safe.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "base/address.h"
#include "base/check.h"
#include "cache/slot.h"

namespace weft::cache {

/// Names a direct exit; its stub carries it. Used again only after the owner was reclaimed.
using ExitId = uint32_t;
inline constexpr ExitId kNoExit = 0;

struct TagEntry;
struct FragmentSpec;

/// A probe is run once by the thread that made it, to see where it goes: no tag leads to it and its
/// exits are never linked, but it dies with its bytes as others do.
enum class FragmentKind : uint8_t { kBlock, kTrace, kProbe };
/// A fragment moves through these forward only. Dead is decided by one compare-and-swap.
enum class FragmentState : uint8_t { kBuilding, kLive, kDead, kReclaimed };

/// A constituent as the fragment keeps it: its tag's entry, and its bytes relative to the tag.
struct KeptConstituent {
  TagEntry* entry;
  int32_t start;
  uint32_t size;
};

/// Where exits enter that know what the choice at an entry comes to. See FragmentSpec::choice.
struct PastChoice {
  const TagEntry* entry;
  uint32_t offset;  ///< in the reservation
  uint8_t choice;
};

/// A slot of cold code that was added after publication.
struct ExtraSlot {
  Slot slot;
  ExtraSlot* next;
  uint8_t record_stripe;  ///< see RecordPool
};

class Fragment {
 public:
  FragmentKind kind() const { return kind_; }
  FragmentState state() const { return state_.load(std::memory_order_acquire); }
  bool is_live() const { return state() == FragmentState::kLive; }
  /// Numbers fragments in the order in which they were made; never used again.
  uint64_t sequence() const { return sequence_; }
  /// Used again once it is reclaimed.
  uint32_t id() const { return id_; }
  void* tool_data() const { return tool_data_; }
  /// The tag of its first entry; of a part, its block's.
  AppPc tag() const;

  CachePc hot_start() const { return hot_start_; }
  CachePc cold_start() const { return cold_start_; }
  uint32_t hot_size() const { return hot_.size; }
  uint32_t cold_size() const { return cold_.size; }
  uint64_t code_bytes() const;
  std::span<const uint8_t> state_map() const;

  size_t constituent_count() const { return constituent_count_; }
  AppPc constituent_tag(size_t index) const;
  AppRange constituent_bytes(size_t index) const;
  /// The bytes of the constituent that holds `pc`.
  SIGNAL_SAFE std::optional<AppRange> constituent_at(AppPc pc) const;
  bool overlaps(AppRange range) const;

  uint32_t exit_count() const { return exit_count_; }
  ExitId exit_id(uint32_t index) const { return first_exit_ + index; }

 private:
  friend struct FragmentLayout;  // for debuggers
  friend class FragmentStore;
  friend class Lifecycle;
  friend class Limbo;
  friend class Links;

  Fragment() = default;
  ~Fragment() = default;

  /// Where exits with `choice` enter at `entry`, which is one of the fragment's; 0: as all others.
  uint32_t past_choice(const TagEntry& entry, uint8_t choice) const;

  KeptConstituent* constituents() { return reinterpret_cast<KeptConstituent*>(this + 1); }
  const KeptConstituent* constituents() const {
    return reinterpret_cast<const KeptConstituent*>(this + 1);
  }
  /// Where entries_ points to at first.
  TagEntry** first_entries() {
    return reinterpret_cast<TagEntry**>(constituents() + constituent_count_);
  }
  const TagEntry* const* first_entries() const {
    return reinterpret_cast<const TagEntry* const*>(constituents() + constituent_count_);
  }
  uint8_t* state_map_bytes() {
    return reinterpret_cast<uint8_t*>(first_entries() + first_entry_count_);
  }

  uint64_t sequence_ = 0;
  void* tool_data_ = nullptr;
  CachePc hot_start_;
  CachePc cold_start_;
  Slot hot_;
  Slot cold_;
  TagEntry* head_ = nullptr;
  TagEntry** entries_ = nullptr;  ///< under the fragment's lock; fixed once Dead
  ExtraSlot* extra_ = nullptr;    ///< under the fragment's lock
  std::unique_ptr<PastChoice[]> past_choice_;
  uint32_t id_ = 0;
  ExitId first_exit_ = kNoExit;
  uint32_t exit_count_ = 0;
  uint32_t state_map_size_ = 0;
  uint16_t constituent_count_ = 0;
  uint16_t entry_count_ = 0;     ///< under the fragment's lock
  uint16_t entry_capacity_ = 0;  ///< under the fragment's lock
  uint16_t past_choice_count_ = 0;
  uint16_t first_entry_count_ = 0;
  uint8_t record_stripe_ = 0;   ///< see RecordPool
  uint8_t entries_stripe_ = 0;  ///< the same of entries_, once they have been moved out
  bool called_ = false;         ///< EntrySpec::called of its head
  FragmentKind kind_ = FragmentKind::kBlock;
  std::atomic<FragmentState> state_{FragmentState::kBuilding};
  std::atomic<uint8_t> chances_{0};  ///< times that the eviction's hand passes it by
};

}  // namespace weft::cache

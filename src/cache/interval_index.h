// Which fragments contain which bytes of the program, to the byte. Knows fragments by id only.
// Any thread; striped short locks.
#pragma once

#include <array>
#include <cstdint>
#include <memory_resource>
#include <span>
#include <vector>

#include "base/address.h"
#include "base/spin_lock.h"
#include "cache/record_pool.h"
#include "cache/stripe.h"

namespace weft::cache {

class IntervalIndex {
 public:
  class Adder;

  /// Takes its memory from `records`.
  explicit IntervalIndex(RecordPool& records) : memory_(records) {}
  ~IntervalIndex();
  IntervalIndex(const IntervalIndex&) = delete;
  IntervalIndex& operator=(const IntervalIndex&) = delete;

  /// In the cache, from memory().
  using Ids = std::pmr::vector<uint32_t>;

  void add(AppRange bytes, uint32_t id);
  /// Takes out what add() with the same arguments put in, once.
  void remove(AppRange bytes, uint32_t id);
  /// Appends the ids of all that overlap `range`, in order and each once.
  void collect(AppRange range, Ids& ids) const;

  uint64_t bytes() const;
  /// For lists that are gone by the end of an operation (see OperationGate): of the cache's
  /// records, and no call of libstdc++'s, as the default resource makes (see base/runtime_fs.h).
  std::pmr::memory_resource* memory() { return &memory_; }

  /// For a code image; nobody else is at work.
  void save(StateWriter& out) const;
  void resume(StateReader& in);

 private:
  static constexpr uint32_t kLocks = 256;
  /// A range of more pages than this is looked up by walking the whole index.
  static constexpr uint64_t kManyPages = 4096;

  /// The part of an interval that lies in one page: offsets of its first and last byte.
  struct Piece {
    uint16_t first;
    uint16_t last;
    uint32_t id;
  };
  class Page {
   public:
    Page(uint64_t number, PoolResource& memory) : number_(number) { reserve(kFirstPieces, memory); }

    uint64_t number() const { return number_; }
    void add(Piece piece, PoolResource& memory);
    void remove(Piece piece);
    bool empty() const { return count_ == 0; }
    /// Gives back what the page has of `memory`, ahead of its end.
    void clear(PoolResource& memory);
    void append_overlaps(Piece wanted, Ids& ids) const;
    uint64_t bytes() const { return sizeof(*this) + capacity_ * sizeof(Piece); }

   private:
    static constexpr size_t kWords = kPageSize / 64;
    static constexpr uint32_t kFirstPieces = 32;

    /// Whether a piece has been at one of the bytes since the page was empty. Most questions are
    /// about code that is new, and end here.
    bool may_overlap(Piece wanted) const;
    std::span<Piece> pieces() const { return {pieces_, count_}; }
    void reserve(uint32_t capacity, PoolResource& memory);

    const uint64_t number_;
    // Not a container, which would hold the address of its memory: that is another one in a process
    // that resumes from a code image.
    Piece* pieces_ = nullptr;
    uint32_t count_ = 0;
    uint32_t capacity_ = 0;
    std::array<uint64_t, kWords> touched_{};  ///< a bit for each byte
  };
  /// Pages by number: open addressing, at most half full.
  class Pages {
   public:
    Page* find(uint64_t number) const;
    Page& find_or_make(uint64_t number, PoolResource& memory);
    void erase(Page& page, PoolResource& memory);
    void clear(PoolResource& memory);
    template <typename Visit>
    void for_each(const Visit& visit) const {
      for (const Page* page : slots()) {
        if (page != nullptr) visit(*page);
      }
    }
    uint64_t bytes() const { return size_ * sizeof(slots_[0]); }
    void save(StateWriter& out) const;
    void resume(StateReader& in);

   private:
    size_t home(uint64_t number) const { return mix(number) >> kSlotShift & (size_ - 1); }
    size_t next(size_t slot) const { return (slot + 1) & (size_ - 1); }
    std::span<Page* const> slots() const { return {slots_, size_}; }
    void grow(PoolResource& memory);
    void insert(Page& page);

    static constexpr uint32_t kSlotShift = 32;  // below what tells stripes apart
    Page** slots_ = nullptr;
    size_t size_ = 0;  ///< of slots_: none, or a power of two
    size_t count_ = 0;
  };
  struct alignas(kCacheLine) Stripe {
    mutable SpinLock<LockRank::kIntervals> lock;
    Pages pages GUARDED_BY(lock);
  };

  static Piece piece(uint64_t page, AppRange bytes, uint32_t id);
  Stripe& stripe_of(uint64_t page) { return stripes_[mix(page) >> 56]; }
  const Stripe& stripe_of(uint64_t page) const { return stripes_[mix(page) >> 56]; }

  PoolResource memory_;
  std::array<Stripe, kLocks> stripes_;
};

/// Adds intervals of one fragment; those that follow one another in a page share one look at it.
/// Its thread holds one stripe's lock until the end of its scope, and does nothing else meanwhile.
class IntervalIndex::Adder {
 public:
  Adder(IntervalIndex& index, uint32_t id) : index_(index), id_(id) {}
  // The compiler cannot follow a lock from one call to the next.
  ~Adder() NO_THREAD_SAFETY_ANALYSIS;
  Adder(const Adder&) = delete;
  Adder& operator=(const Adder&) = delete;

  void add(AppRange bytes);

 private:
  Page& turn_to(uint64_t number) NO_THREAD_SAFETY_ANALYSIS;

  IntervalIndex& index_;
  const uint32_t id_;
  Stripe* stripe_ = nullptr;  ///< whose lock is held
  Page* page_ = nullptr;
};

}  // namespace weft::cache

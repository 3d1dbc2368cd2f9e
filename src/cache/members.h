// The fragments that contain a block: none or one as a rule, so a word unless there are more.
// Owned by a tag entry and used under its lock only; longer lists are records of the cache's pool.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "base/check.h"
#include "cache/record_pool.h"

namespace weft::cache {

class Fragment;

class Members {
 public:
  Members() = default;
  Members(const Members&) = delete;
  Members& operator=(const Members&) = delete;

  size_t size() const {
    if (word_ == 0) return 0;
    return is_list() ? list().size : 1;
  }
  Fragment* operator[](size_t index) const { return is_list() ? items(list())[index] : single(); }

  void add(Fragment& fragment, RecordPool& pool) {
    if (word_ == 0) {
      word_ = reinterpret_cast<uintptr_t>(&fragment);
      return;
    }
    if (!is_list()) {
      Fragment* const first = single();
      start_list(pool, kFirstCapacity);
      append(*first);
    } else if (list().size == list().capacity) {
      grow(pool);
    }
    append(fragment);
  }

  /// False if it is not there. Looks from the end: a deletion of all takes the last one first.
  bool remove(const Fragment& fragment, RecordPool& pool) {
    if (!is_list()) {
      if (word_ != reinterpret_cast<uintptr_t>(&fragment)) return false;
      word_ = 0;
      return true;
    }
    List& members = list();
    for (uint32_t i = members.size; i-- > 0;) {
      if (items(members)[i] != &fragment) continue;
      items(members)[i] = items(members)[--members.size];
      if (members.size == 0) clear(pool);
      return true;
    }
    return false;
  }

  /// Gives a list back; without it, its memory stays the pool's until that goes.
  void clear(RecordPool& pool) {
    if (is_list()) give(pool, list());
    word_ = 0;
  }

 private:
  /// Its items follow it.
  struct alignas(Fragment*) List {
    uint32_t size;
    uint32_t capacity;
    uint8_t stripe;  ///< the pool's
  };
  static constexpr uintptr_t kListBit = 1;
  static constexpr uint32_t kFirstCapacity = 6;  // with the head, a cache line

  static Fragment** items(List& list) { return reinterpret_cast<Fragment**>(&list + 1); }
  static size_t bytes(uint32_t capacity) { return sizeof(List) + capacity * sizeof(Fragment*); }
  static void give(RecordPool& pool, List& old) {
    pool.give({&old, old.stripe}, bytes(old.capacity));
  }

  bool is_list() const { return (word_ & kListBit) != 0; }
  List& list() const { return *reinterpret_cast<List*>(word_ & ~kListBit); }
  Fragment* single() const { return reinterpret_cast<Fragment*>(word_); }

  void append(Fragment& fragment) { items(list())[list().size++] = &fragment; }
  void start_list(RecordPool& pool, uint32_t capacity) {
    const RecordPool::Record record = pool.take(bytes(capacity));
    word_ = reinterpret_cast<uintptr_t>(record.memory) | kListBit;
    list().size = 0;
    list().capacity = capacity;
    list().stripe = record.stripe;
  }
  void grow(RecordPool& pool) {
    List& old = list();
    start_list(pool, 2 * old.capacity);
    std::memcpy(items(list()), items(old), old.size * sizeof(Fragment*));
    list().size = old.size;
    give(pool, old);
  }

  uintptr_t word_ = 0;
};

}  // namespace weft::cache

#include "drtable.h"

#include <algorithm>
#include <cstdlib>
#include <new>
#include <vector>

#include "containers/lock.h"
#include "ir/environment.h"

namespace weft::dynamorio {
namespace {

// Entries lie in chunks, each twice as large as the one before it, that never move.
struct Chunk {
  byte* start;
  ptr_uint_t first;     // the index of its first entry
  ptr_uint_t capacity;  // in entries
  ptr_uint_t used;
};

struct Table {
  size_t entry_size;
  bool synch;
  void (*free_entry)(ptr_uint_t idx, void* entry, void* user_data);
  ptr_uint_t next_capacity;
  ptr_uint_t entries = 0;
  std::vector<Chunk> chunks;
  ContainerLock lock;
};

constexpr ptr_uint_t kSmallest = 256;

Table& table_of(void* tab) { return *static_cast<Table*>(tab); }

byte* entry_of(const Table& table, const Chunk& chunk, ptr_uint_t number) {
  return chunk.start + number * table.entry_size;
}

// A chunk with room for `count` entries behind those that it has.
Chunk& chunk_for(Table& table, ptr_uint_t count) {
  if (!table.chunks.empty() && table.chunks.back().capacity - table.chunks.back().used >= count) {
    return table.chunks.back();
  }
  const ptr_uint_t capacity = std::max(count, table.next_capacity);
  // Indices go on where the last chunk's room ends: those of the gap are never given out.
  const ptr_uint_t first =
      table.chunks.empty() ? 0 : table.chunks.back().first + table.chunks.back().capacity;
  auto* const start = static_cast<byte*>(std::calloc(capacity, table.entry_size));
  if (start == nullptr) throw std::bad_alloc();
  table.chunks.push_back({start, first, capacity, 0});
  table.next_capacity = capacity * 2;
  return table.chunks.back();
}

template <typename Visit>
void for_each_entry(const Table& table, Visit visit) {
  for (const Chunk& chunk : table.chunks) {
    for (ptr_uint_t i = 0; i < chunk.used; ++i) {
      if (!visit(chunk.first + i, entry_of(table, chunk, i))) return;
    }
  }
}

}  // namespace
}  // namespace weft::dynamorio

using namespace weft::dynamorio;

void* drtable_create(ptr_uint_t capacity, size_t entry_size, uint flags, bool synch,
                     void (*free_entry_func)(ptr_uint_t idx, void* entry, void* user_data)) {
  if (entry_size == 0 || (flags & (DRTABLE_MEM_REACHABLE | DRTABLE_MEM_32BIT)) != 0) return nullptr;
  return new Table{entry_size, synch, free_entry_func, capacity == 0 ? kSmallest : capacity, 0,
                   {},         {}};
}

void* drtable_alloc(void* tab, ptr_uint_t num_entries, ptr_uint_t* idx_ptr) {
  Table& table = table_of(tab);
  const Hold hold(&table.lock, table.synch);
  Chunk& chunk = chunk_for(table, num_entries);
  if (idx_ptr != nullptr) *idx_ptr = chunk.first + chunk.used;
  byte* const entry = entry_of(table, chunk, chunk.used);
  chunk.used += num_entries;
  table.entries += num_entries;
  return entry;
}

void drtable_destroy(void* tab, void* user_data) {
  Table& table = table_of(tab);
  if (table.free_entry != nullptr) {
    for_each_entry(table, [&](ptr_uint_t index, byte* entry) {
      table.free_entry(index, entry, user_data);
      return true;
    });
  }
  for (const Chunk& chunk : table.chunks) std::free(chunk.start);
  delete &table;
}

void drtable_iterate(void* tab, void* iter_data,
                     bool (*iter_func)(ptr_uint_t id, void* entry, void* iter_data)) {
  const Table& table = table_of(tab);
  const Hold hold(&table_of(tab).lock, table.synch);
  for_each_entry(table,
                 [&](ptr_uint_t index, byte* entry) { return iter_func(index, entry, iter_data); });
}

void* drtable_get_entry(void* tab, ptr_uint_t idx) {
  Table& table = table_of(tab);
  const Hold hold(&table.lock, table.synch);
  for (const Chunk& chunk : table.chunks) {
    if (idx >= chunk.first && idx - chunk.first < chunk.used)
      return entry_of(table, chunk, idx - chunk.first);
  }
  return nullptr;
}

ptr_uint_t drtable_get_index(void* tab, void* ptr) {
  Table& table = table_of(tab);
  const Hold hold(&table.lock, table.synch);
  const auto* const entry = static_cast<const byte*>(ptr);
  for (const Chunk& chunk : table.chunks) {
    if (entry < chunk.start || entry >= entry_of(table, chunk, chunk.used)) continue;
    const auto offset = static_cast<size_t>(entry - chunk.start);
    return offset % table.entry_size == 0 ? chunk.first + offset / table.entry_size
                                          : DRTABLE_INVALID_INDEX;
  }
  return DRTABLE_INVALID_INDEX;
}

void drtable_lock(void* tab) { table_of(tab).lock.lock(); }
void drtable_unlock(void* tab) { table_of(tab).lock.unlock(); }

ptr_uint_t drtable_num_entries(void* tab) {
  Table& table = table_of(tab);
  const Hold hold(&table.lock, table.synch);
  return table.entries;
}

ptr_uint_t drtable_dump_entries(void* tab, file_t log) {
  Table& table = table_of(tab);
  const Hold hold(&table.lock, table.synch);
  ptr_uint_t written = 0;
  for_each_entry(table, [&](ptr_uint_t, const byte* entry) {
    if (environment().write(log, entry, table.entry_size) != static_cast<long>(table.entry_size))
      return false;
    ++written;
    return true;
  });
  return written;
}

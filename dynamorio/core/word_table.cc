// dr_hashtable_*: tables of words, for a client that wants no more than that.
#include <mutex>
#include <unordered_map>

#include "dr_api.h"

namespace {

struct Table {
  using Free = void (*)(void*, void*);

  explicit Table(Free free, bool locks) : free_payload(free), synchronized(locks) {}
  std::unique_lock<std::recursive_mutex> lock() {
    return synchronized ? std::unique_lock(mutex) : std::unique_lock<std::recursive_mutex>();
  }

  Free free_payload;
  bool synchronized;
  std::recursive_mutex mutex;
  std::unordered_map<ptr_uint_t, void*> entries;
};

Table& table_of(void* table) { return *static_cast<Table*>(table); }

}  // namespace

extern "C" {

void* dr_hashtable_create(void*, uint, uint, bool synch, void (*free_payload_func)(void*, void*)) {
  return new Table(free_payload_func, synch);
}

void dr_hashtable_clear(void* drcontext, void* htable) {
  Table& table = table_of(htable);
  const auto held = table.lock();
  if (table.free_payload != nullptr) {
    for (const auto& [key, payload] : table.entries) table.free_payload(drcontext, payload);
  }
  table.entries.clear();
}

void dr_hashtable_destroy(void* drcontext, void* htable) {
  dr_hashtable_clear(drcontext, htable);
  delete &table_of(htable);
}

void* dr_hashtable_lookup(void*, void* htable, ptr_uint_t key) {
  Table& table = table_of(htable);
  const auto held = table.lock();
  const auto found = table.entries.find(key);
  return found == table.entries.end() ? nullptr : found->second;
}

void dr_hashtable_add(void*, void* htable, ptr_uint_t key, void* payload) {
  Table& table = table_of(htable);
  const auto held = table.lock();
  table.entries[key] = payload;
}

bool dr_hashtable_remove(void* drcontext, void* htable, ptr_uint_t key) {
  Table& table = table_of(htable);
  const auto held = table.lock();
  const auto found = table.entries.find(key);
  if (found == table.entries.end()) return false;
  if (table.free_payload != nullptr) table.free_payload(drcontext, found->second);
  table.entries.erase(found);
  return true;
}

}  // extern "C"

#include "hashtable.h"

#include <cctype>
#include <cstdlib>
#include <cstring>
#include <new>

#include "containers/lock.h"

using weft::dynamorio::ContainerLock;
using weft::dynamorio::Hold;

namespace {

constexpr uint kDefaultThreshold = 75;

struct Allocator {
  void* (*allocate)(size_t);
  void (*release)(void*, size_t);
};

Allocator& allocator() {
  static Allocator current = {[](size_t size) { return std::malloc(size); },
                              [](void* memory, size_t) { std::free(memory); }};
  return current;
}

void* allocate(size_t size) {
  void* const memory = allocator().allocate(size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

void release(void* memory, size_t size) { allocator().release(memory, size); }

bool has_strings(const hashtable_t* table) {
  return table->hashtype == HASH_STRING || table->hashtype == HASH_STRING_NOCASE;
}

// Fowler, Noll and Vo's hash of the letters.
size_t hash_string(const char* text, bool fold) {
  size_t hash = 0xcbf29ce484222325;
  for (; *text != '\0'; ++text) {
    const auto letter = static_cast<unsigned char>(*text);
    hash = (hash ^ static_cast<size_t>(fold ? std::tolower(letter) : letter)) * 0x100000001b3;
  }
  return hash;
}

size_t bucket_of(const hashtable_t* table, void* key) {
  size_t hash = 0;
  switch (table->hashtype) {
    case HASH_INTPTR:
      hash = reinterpret_cast<size_t>(key) * 0x9e3779b97f4a7c15;
      break;
    case HASH_STRING:
      hash = hash_string(static_cast<const char*>(key), false);
      break;
    case HASH_STRING_NOCASE:
      hash = hash_string(static_cast<const char*>(key), true);
      break;
    case HASH_CUSTOM:
      return table->hash_key_func(key) & (HASHTABLE_SIZE(table->table_bits) - 1);
  }
  return (hash >> 32) & (HASHTABLE_SIZE(table->table_bits) - 1);
}

bool same_key(const hashtable_t* table, void* one, void* other) {
  switch (table->hashtype) {
    case HASH_STRING:
      return std::strcmp(static_cast<const char*>(one), static_cast<const char*>(other)) == 0;
    case HASH_STRING_NOCASE:
      return stri_eq(static_cast<const char*>(one), static_cast<const char*>(other));
    case HASH_CUSTOM:
      return table->cmp_key_func(one, other);
    default:
      return one == other;
  }
}

hash_entry_t** make_buckets(uint bits) {
  const size_t size = sizeof(hash_entry_t*) << bits;
  return static_cast<hash_entry_t**>(std::memset(allocate(size), 0, size));
}

void free_buckets(hash_entry_t** buckets, uint bits) {
  release(buckets, sizeof(hash_entry_t*) << bits);
}

// The place that points to key's entry, or to the end of its chain.
hash_entry_t** find(hashtable_t* table, void* key) {
  hash_entry_t** place = &table->table[bucket_of(table, key)];
  while (*place != nullptr && !same_key(table, (*place)->key, key)) place = &(*place)->next;
  return place;
}

void free_entry(hashtable_t* table, hash_entry_t* entry) {
  if (has_strings(table) && table->str_dup) {
    release(entry->key, std::strlen(static_cast<const char*>(entry->key)) + 1);
  } else if (table->config.free_key_func != nullptr) {
    table->config.free_key_func(entry->key);
  }
  if (table->free_payload_func != nullptr) table->free_payload_func(entry->payload);
  release(entry, sizeof *entry);
}

void unlink(hashtable_t* table, hash_entry_t** place) {
  hash_entry_t* const entry = *place;
  *place = entry->next;
  --table->entries;
  free_entry(table, entry);
}

// The place of every entry in turn, until `visit` returns false for one that it did not unlink.
template <typename Visit>
void for_each_place(hashtable_t* table, Visit visit) {
  for (size_t i = 0; i < HASHTABLE_SIZE(table->table_bits); ++i) {
    for (hash_entry_t** place = &table->table[i]; *place != nullptr;) {
      if (visit(place)) place = &(*place)->next;
    }
  }
}

void grow(hashtable_t* table) {
  hash_entry_t** const old = table->table;
  const uint old_bits = table->table_bits;
  ++table->table_bits;
  table->table = make_buckets(table->table_bits);
  for (size_t i = 0; i < HASHTABLE_SIZE(old_bits); ++i) {
    for (hash_entry_t* entry = old[i]; entry != nullptr;) {
      hash_entry_t* const next = entry->next;
      hash_entry_t*& head = table->table[bucket_of(table, entry->key)];
      entry->next = head;
      head = entry;
      entry = next;
    }
  }
  free_buckets(old, old_bits);
}

void insert(hashtable_t* table, void* key, void* payload) {
  auto* const entry = static_cast<hash_entry_t*>(allocate(sizeof(hash_entry_t)));
  if (has_strings(table) && table->str_dup) {
    const size_t size = std::strlen(static_cast<const char*>(key)) + 1;
    key = std::memcpy(allocate(size), key, size);
  }
  hash_entry_t*& head = table->table[bucket_of(table, key)];
  *entry = {key, payload, head};
  head = entry;
  ++table->entries;
  const size_t limit =
      size_t{HASHTABLE_SIZE(table->table_bits)} * table->config.resize_threshold / 100;
  if (table->config.resizable && table->entries > limit) grow(table);
}

}  // namespace

bool stri_eq(const char* s1, const char* s2) {
  for (; *s1 != '\0' && *s2 != '\0'; ++s1, ++s2) {
    if (std::tolower(static_cast<unsigned char>(*s1)) !=
        std::tolower(static_cast<unsigned char>(*s2)))
      return false;
  }
  return *s1 == *s2;
}

void hashtable_global_config(void* (*alloc_func)(size_t), void (*free_func)(void*, size_t),
                             void (*)(const char*)) {
  allocator() = {alloc_func, free_func};
}

void hashtable_init(hashtable_t* table, uint num_bits, hash_type_t hashtype, bool str_dup) {
  hashtable_init_ex(table, num_bits, hashtype, str_dup, true, nullptr, nullptr, nullptr);
}

void hashtable_init_ex(hashtable_t* table, uint num_bits, hash_type_t hashtype, bool str_dup,
                       bool synch, void (*free_payload_func)(void*), uint (*hash_key_func)(void*),
                       bool (*cmp_key_func)(void*, void*)) {
  *table = hashtable_t{};
  table->table = make_buckets(num_bits);
  table->hashtype = hashtype;
  table->str_dup = str_dup;
  table->lock = new ContainerLock;
  table->table_bits = num_bits;
  table->synch = synch;
  table->free_payload_func = free_payload_func;
  table->hash_key_func = hash_key_func;
  table->cmp_key_func = cmp_key_func;
  table->config = {sizeof(hashtable_config_t), true, kDefaultThreshold, nullptr};
}

void hashtable_configure(hashtable_t* table, hashtable_config_t* config) {
  // A client that was compiled with an older header gives less.
  const size_t size =
      config->size < sizeof(hashtable_config_t) ? config->size : sizeof(hashtable_config_t);
  std::memcpy(&table->config, config, size);
  table->config.size = sizeof(hashtable_config_t);
  if (table->config.resize_threshold == 0) table->config.resize_threshold = kDefaultThreshold;
}

void* hashtable_lookup(hashtable_t* table, void* key) {
  const Hold hold(table->lock, table->synch);
  const hash_entry_t* const entry = *find(table, key);
  return entry == nullptr ? nullptr : entry->payload;
}

bool hashtable_add(hashtable_t* table, void* key, void* payload) {
  const Hold hold(table->lock, table->synch);
  if (*find(table, key) != nullptr) return false;
  insert(table, key, payload);
  return true;
}

void* hashtable_add_replace(hashtable_t* table, void* key, void* payload) {
  const Hold hold(table->lock, table->synch);
  hash_entry_t* const entry = *find(table, key);
  if (entry == nullptr) {
    insert(table, key, payload);
    return nullptr;
  }
  void* const old = entry->payload;
  entry->payload = payload;
  return old;
}

bool hashtable_remove(hashtable_t* table, void* key) {
  const Hold hold(table->lock, table->synch);
  hash_entry_t** const place = find(table, key);
  if (*place == nullptr) return false;
  unlink(table, place);
  return true;
}

bool hashtable_remove_range(hashtable_t* table, void* start, void* end) {
  const Hold hold(table->lock, table->synch);
  const uint before = table->entries;
  for_each_place(table, [&](hash_entry_t** place) {
    if ((*place)->key < start || (*place)->key >= end) return true;
    unlink(table, place);
    return false;
  });
  return table->entries != before;
}

void hashtable_apply_to_all_key_payload_pairs_user_data(hashtable_t* table,
                                                        void (*apply_func)(void* key, void* payload,
                                                                           void* user_data),
                                                        void* user_data) {
  const Hold hold(table->lock, table->synch);
  for_each_place(table, [&](hash_entry_t** place) {
    apply_func((*place)->key, (*place)->payload, user_data);
    return true;
  });
}

void hashtable_apply_to_all_payloads_user_data(hashtable_t* table,
                                               void (*apply_func)(void* payload, void* user_data),
                                               void* user_data) {
  const Hold hold(table->lock, table->synch);
  for_each_place(table, [&](hash_entry_t** place) {
    apply_func((*place)->payload, user_data);
    return true;
  });
}

void hashtable_apply_to_all_payloads(hashtable_t* table, void (*apply_func)(void* payload)) {
  const Hold hold(table->lock, table->synch);
  for_each_place(table, [&](hash_entry_t** place) {
    apply_func((*place)->payload);
    return true;
  });
}

void hashtable_clear(hashtable_t* table) {
  const Hold hold(table->lock, table->synch);
  for_each_place(table, [&](hash_entry_t** place) {
    unlink(table, place);
    return false;
  });
}

void hashtable_delete(hashtable_t* table) {
  hashtable_clear(table);
  free_buckets(table->table, table->table_bits);
  delete static_cast<ContainerLock*>(table->lock);
  table->table = nullptr;
  table->lock = nullptr;
}

void hashtable_lock(hashtable_t* table) { static_cast<ContainerLock*>(table->lock)->lock(); }
void hashtable_unlock(hashtable_t* table) { static_cast<ContainerLock*>(table->lock)->unlock(); }
bool hashtable_lock_self_owns(hashtable_t* table) {
  return static_cast<ContainerLock*>(table->lock)->is_mine();
}

size_t hashtable_persist_size(void*, hashtable_t*, size_t, void*, hasthable_persist_flags_t) {
  return 0;
}
bool hashtable_persist(void*, hashtable_t*, size_t, file_t, void*, hasthable_persist_flags_t) {
  return false;
}
bool hashtable_resurrect(void*, byte**, hashtable_t*, size_t, void*, hasthable_persist_flags_t,
                         bool (*)(void* key, void* payload, ptr_int_t shift)) {
  return false;
}

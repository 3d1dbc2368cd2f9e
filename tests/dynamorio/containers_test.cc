#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "drtable.h"
#include "drvector.h"
#include "hashtable.h"

namespace {

void* number(uintptr_t value) { return reinterpret_cast<void*>(value); }

TEST(HashTable, finds_what_was_added_while_it_grows) {
  hashtable_t table;
  hashtable_init(&table, 2, HASH_INTPTR, false);
  for (uintptr_t i = 1; i <= 1000; ++i)
    EXPECT_TRUE(hashtable_add(&table, number(i), number(i * 2)));
  EXPECT_FALSE(hashtable_add(&table, number(7), number(1)));
  for (uintptr_t i = 1; i <= 1000; ++i)
    EXPECT_EQ(hashtable_lookup(&table, number(i)), number(i * 2));
  EXPECT_TRUE(hashtable_remove_range(&table, number(10), number(20)));
  EXPECT_EQ(table.entries, 990U);
  EXPECT_EQ(hashtable_lookup(&table, number(15)), nullptr);
  EXPECT_EQ(hashtable_add_replace(&table, number(7), number(1)), number(14));
  hashtable_delete(&table);
}

TEST(HashTable, compares_strings_as_asked_and_frees_payloads) {
  static int freed = 0;
  hashtable_t table;
  hashtable_init_ex(
      &table, 4, HASH_STRING_NOCASE, true, true, [](void*) { ++freed; }, nullptr, nullptr);
  char key[] = "Name";
  EXPECT_TRUE(hashtable_add(&table, key, number(1)));
  key[0] = 'x';
  char same[] = "nAME";
  EXPECT_EQ(hashtable_lookup(&table, same), number(1));
  EXPECT_TRUE(hashtable_remove(&table, same));
  EXPECT_EQ(freed, 1);
  hashtable_delete(&table);
}

TEST(HashTable, is_kept_whole_by_its_lock) {
  hashtable_t table;
  hashtable_init(&table, 4, HASH_INTPTR, false);
  std::vector<std::thread> threads;
  for (uintptr_t t = 0; t < 4; ++t) {
    threads.emplace_back([&table, t] {
      for (uintptr_t i = 1; i <= 500; ++i) hashtable_add(&table, number(t * 1000 + i), number(i));
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(table.entries, 2000U);
  hashtable_lock(&table);
  EXPECT_TRUE(hashtable_lock_self_owns(&table));
  EXPECT_EQ(hashtable_lookup(&table, number(1)), number(1));
  hashtable_unlock(&table);
  EXPECT_FALSE(hashtable_lock_self_owns(&table));
  hashtable_delete(&table);
}

TEST(Vector, grows_and_frees) {
  static int freed = 0;
  drvector_t vector;
  EXPECT_TRUE(drvector_init(&vector, 0, true, [](void*) { ++freed; }));
  for (uintptr_t i = 0; i < 100; ++i) drvector_append(&vector, number(i));
  EXPECT_EQ(drvector_get_entry(&vector, 42), number(42));
  EXPECT_EQ(drvector_get_entry(&vector, 100000), nullptr);
  EXPECT_TRUE(drvector_set_entry(&vector, 200, number(5)));
  EXPECT_EQ(vector.entries, 201U);
  EXPECT_TRUE(drvector_delete(&vector));
  EXPECT_EQ(freed, 201);
}

TEST(Table, never_moves_its_entries) {
  void* const table = drtable_create(4, sizeof(uint64_t), 0, true, nullptr);
  std::vector<uint64_t*> entries;
  for (uint64_t i = 0; i < 100; ++i) {
    ptr_uint_t index = 0;
    entries.push_back(static_cast<uint64_t*>(drtable_alloc(table, 1, &index)));
    *entries.back() = i;
    EXPECT_EQ(drtable_get_entry(table, index), entries.back());
    EXPECT_EQ(drtable_get_index(table, entries.back()), index);
  }
  EXPECT_EQ(drtable_num_entries(table), 100U);
  EXPECT_EQ(*entries[3], 3U);
  uint64_t sum = 0;
  drtable_iterate(table, &sum, [](ptr_uint_t, void* entry, void* total) {
    *static_cast<uint64_t*>(total) += *static_cast<uint64_t*>(entry);
    return true;
  });
  EXPECT_EQ(sum, 4950U);
  drtable_destroy(table, nullptr);
}

}  // namespace

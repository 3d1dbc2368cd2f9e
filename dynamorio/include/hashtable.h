/* Hash tables. With `synch`, each call takes the table's lock by itself; without, the caller sees
 * to it, for example by hashtable_lock(). All may be called from clean calls. */
#ifndef HASHTABLE_H
#define HASHTABLE_H

#include "dr_defines.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
  HASH_INTPTR,        /* keys are numbers or pointers */
  HASH_STRING,        /* keys are strings */
  HASH_STRING_NOCASE, /* as above, capitals and small letters are the same */
  HASH_CUSTOM         /* the caller hashes and compares */
} hash_type_t;

typedef struct _hash_entry_t {
  void* key;
  void* payload;
  struct _hash_entry_t* next;
} hash_entry_t;

typedef struct _hashtable_config_t {
  size_t size; /* sizeof(hashtable_config_t) */
  bool resizable;
  uint resize_threshold; /* percent of the buckets that entries may be; 75 unless set */
  void (*free_key_func)(void*);
} hashtable_config_t;

/* Fields may be read: clients walk `table` under the lock. */
typedef struct _hashtable_t {
  hash_entry_t** table;
  hash_type_t hashtype;
  bool str_dup;
  void* lock;
  uint table_bits;
  bool synch;
  void (*free_payload_func)(void*);
  uint (*hash_key_func)(void*);
  bool (*cmp_key_func)(void*, void*);
  uint entries;
  hashtable_config_t config;
  uint persist_count;
} hashtable_t;

#define HASHTABLE_SIZE(num_bits) (1U << (num_bits))

/* Whether two strings are the same but for the case of letters. */
bool stri_eq(const char* s1, const char* s2);

/* What all tables allocate and free with, instead of malloc() and free(); before any table is made.
 */
void hashtable_global_config(void* (*alloc_func)(size_t), void (*free_func)(void*, size_t),
                             void (*assert_fail_func)(const char*));
/* str_dup: keys that are strings are copied. The table has a lock and takes it (synch) by itself.
 */
void hashtable_init(hashtable_t* table, uint num_bits, hash_type_t hashtype, bool str_dup);
void hashtable_init_ex(hashtable_t* table, uint num_bits, hash_type_t hashtype, bool str_dup,
                       bool synch, void (*free_payload_func)(void*), uint (*hash_key_func)(void*),
                       bool (*cmp_key_func)(void*, void*));
void hashtable_configure(hashtable_t* table, hashtable_config_t* config);
/* The payload, NULL if there is none. */
void* hashtable_lookup(hashtable_t* table, void* key);
/* False, and nothing is changed, if the key is there already. */
bool hashtable_add(hashtable_t* table, void* key, void* payload);
/* Returns the payload that was there, NULL if none; it is not freed. */
void* hashtable_add_replace(hashtable_t* table, void* key, void* payload);
bool hashtable_remove(hashtable_t* table, void* key);
/* Keys in [start, end), of tables of HASH_INTPTR. */
bool hashtable_remove_range(hashtable_t* table, void* start, void* end);
void hashtable_apply_to_all_payloads(hashtable_t* table, void (*apply_func)(void* payload));
void hashtable_apply_to_all_payloads_user_data(hashtable_t* table,
                                               void (*apply_func)(void* payload, void* user_data),
                                               void* user_data);
void hashtable_apply_to_all_key_payload_pairs_user_data(hashtable_t* table,
                                                        void (*apply_func)(void* key, void* payload,
                                                                           void* user_data),
                                                        void* user_data);
/* Frees all entries; hashtable_delete() the table too. */
void hashtable_clear(hashtable_t* table);
void hashtable_delete(hashtable_t* table);
void hashtable_lock(hashtable_t* table);
void hashtable_unlock(hashtable_t* table);
bool hashtable_lock_self_owns(hashtable_t* table);

typedef enum {
  DR_HASHPERS_PAYLOAD_IS_POINTER = 0x0001,
  DR_HASHPERS_CLONE_PAYLOAD = 0x0002,
  DR_HASHPERS_REBASE_KEY = 0x0004,
  DR_HASHPERS_ONLY_IN_RANGE = 0x0008,
  DR_HASHPERS_ONLY_PERSISTED = 0x0010
} hasthable_persist_flags_t;

/* Tables are not kept with code: 0, and false. */
size_t hashtable_persist_size(void* drcontext, hashtable_t* table, size_t entry_size, void* perscxt,
                              hasthable_persist_flags_t flags);
bool hashtable_persist(void* drcontext, hashtable_t* table, size_t entry_size, file_t fd,
                       void* perscxt, hasthable_persist_flags_t flags);
bool hashtable_resurrect(void* drcontext, byte** map, hashtable_t* table, size_t entry_size,
                         void* perscxt, hasthable_persist_flags_t flags,
                         bool (*process_payload)(void* key, void* payload, ptr_int_t shift));

#ifdef __cplusplus
}
#endif
#endif

/* Tables of entries of one size that never move: an entry has an index and an address for good. */
#ifndef DRTABLE_H
#define DRTABLE_H

#include "dr_defines.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
  DRTABLE_MEM_REACHABLE = 0x1, /* within 2 GB of code */
  DRTABLE_MEM_32BIT = 0x2,     /* below 4 GB */
  DRTABLE_ALLOC_COMPACT = 0x4  /* no gaps between allocations */
} drtable_flags_t;

#define DRTABLE_INVALID_INDEX ((ptr_uint_t)-1)

/* capacity: how many entries to have room for at first, 0 for the default. NULL if flags ask for
 * what cannot be had. */
void* drtable_create(ptr_uint_t capacity, size_t entry_size, uint flags, bool synch,
                     void (*free_entry_func)(ptr_uint_t idx, void* entry, void* user_data));
/* num_entries entries in a row; *idx_ptr, if not NULL, is the index of the first. */
void* drtable_alloc(void* tab, ptr_uint_t num_entries, ptr_uint_t* idx_ptr);
void drtable_destroy(void* tab, void* user_data);
/* Until iter_func returns false. */
void drtable_iterate(void* tab, void* iter_data,
                     bool (*iter_func)(ptr_uint_t id, void* entry, void* iter_data));
void* drtable_get_entry(void* tab, ptr_uint_t idx);
/* DRTABLE_INVALID_INDEX if ptr is no entry. */
ptr_uint_t drtable_get_index(void* tab, void* ptr);
void drtable_lock(void* tab);
void drtable_unlock(void* tab);
ptr_uint_t drtable_num_entries(void* tab);
/* Writes all entries as they lie in memory; returns how many. */
ptr_uint_t drtable_dump_entries(void* tab, file_t log);

#ifdef __cplusplus
}
#endif
#endif

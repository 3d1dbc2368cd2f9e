/* Arrays of pointers that grow. With `synch`, append takes the lock by itself, and readers need
 * none for an entry that is there. */
#ifndef DRVECTOR_H
#define DRVECTOR_H

#include "dr_defines.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct _drvector_config_t {
  size_t size;     /* sizeof(drvector_config_t) */
  bool zero_alloc; /* entries that were not set read as NULL */
} drvector_config_t;

typedef struct _drvector_t {
  uint entries;
  uint capacity;
  void** array;
  bool synch;
  void* lock;
  void (*free_data_func)(void*);
  drvector_config_t config;
} drvector_t;

bool drvector_init(drvector_t* vec, uint initial_capacity, bool synch,
                   void (*free_data_func)(void*));
bool drvector_init_ex(drvector_t* vec, uint initial_capacity, bool synch,
                      void (*free_data_func)(void*), drvector_config_t* config);
/* NULL behind the end. */
void* drvector_get_entry(drvector_t* vec, uint idx);
/* Grows the array as far as needed. */
bool drvector_set_entry(drvector_t* vec, uint idx, void* data);
bool drvector_append(drvector_t* vec, void* data);
bool drvector_clear(drvector_t* vec);
bool drvector_delete(drvector_t* vec);
void drvector_lock(drvector_t* vec);
void drvector_unlock(drvector_t* vec);

#ifdef __cplusplus
}
#endif
#endif

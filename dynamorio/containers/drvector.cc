#include "drvector.h"

#include <algorithm>
#include <cstdlib>
#include <new>

#include "containers/lock.h"

using weft::dynamorio::ContainerLock;
using weft::dynamorio::Hold;

namespace {

constexpr uint kSmallest = 8;

void grow(drvector_t* vec, uint needed) {
  if (needed <= vec->capacity) return;
  const uint capacity = std::max({needed, vec->capacity * 2, kSmallest});
  auto* const array = static_cast<void**>(std::realloc(vec->array, sizeof(void*) * capacity));
  if (array == nullptr) throw std::bad_alloc();
  std::fill(array + vec->capacity, array + capacity, nullptr);
  vec->array = array;
  vec->capacity = capacity;
}

}  // namespace

bool drvector_init_ex(drvector_t* vec, uint initial_capacity, bool synch,
                      void (*free_data_func)(void*), drvector_config_t* config) {
  if (vec == nullptr) return false;
  *vec = drvector_t{};
  vec->synch = synch;
  vec->free_data_func = free_data_func;
  vec->lock = new ContainerLock;
  if (config != nullptr) vec->config = *config;
  grow(vec, initial_capacity);
  return true;
}

bool drvector_init(drvector_t* vec, uint initial_capacity, bool synch,
                   void (*free_data_func)(void*)) {
  return drvector_init_ex(vec, initial_capacity, synch, free_data_func, nullptr);
}

void* drvector_get_entry(drvector_t* vec, uint idx) {
  if (vec == nullptr) return nullptr;
  const Hold hold(vec->lock, vec->synch);
  return idx < vec->capacity ? vec->array[idx] : nullptr;
}

bool drvector_set_entry(drvector_t* vec, uint idx, void* data) {
  if (vec == nullptr) return false;
  const Hold hold(vec->lock, vec->synch);
  grow(vec, idx + 1);
  vec->array[idx] = data;
  vec->entries = std::max(vec->entries, idx + 1);
  return true;
}

bool drvector_append(drvector_t* vec, void* data) {
  if (vec == nullptr) return false;
  const Hold hold(vec->lock, vec->synch);
  return drvector_set_entry(vec, vec->entries, data);
}

bool drvector_clear(drvector_t* vec) {
  if (vec == nullptr) return false;
  const Hold hold(vec->lock, vec->synch);
  for (uint i = 0; i < vec->entries; ++i) {
    if (vec->free_data_func != nullptr) vec->free_data_func(vec->array[i]);
    vec->array[i] = nullptr;
  }
  vec->entries = 0;
  return true;
}

bool drvector_delete(drvector_t* vec) {
  if (!drvector_clear(vec)) return false;
  std::free(vec->array);
  delete static_cast<ContainerLock*>(vec->lock);
  vec->array = nullptr;
  vec->lock = nullptr;
  vec->capacity = 0;
  return true;
}

void drvector_lock(drvector_t* vec) { static_cast<ContainerLock*>(vec->lock)->lock(); }
void drvector_unlock(drvector_t* vec) { static_cast<ContainerLock*>(vec->lock)->unlock(); }

// What the run has counted, and where threads are.
#include <algorithm>

#include "core/context.h"
#include "core/room.h"

using namespace weft::dynamorio;

extern "C" {

bool dr_get_stats(dr_stats_t* drstats) {
  if (drstats == nullptr || drstats->size < offsetof(dr_stats_t, num_threads_created)) return false;
  const size_t size = std::min(drstats->size, sizeof *drstats);
  dr_stats_t counted{};
  counted.size = size;
  const Counts& counts = Room::get().counts();
  counted.basic_block_count = counts.blocks;
  counted.peak_num_threads = counts.most_threads;
  counted.num_threads_created = counts.threads;
  __builtin_memcpy(drstats, &counted, size);
  return true;
}

dr_where_am_i_t dr_where_am_i(void*, app_pc pc, void** tag) {
  if (tag != nullptr) *tag = nullptr;
  // Whoever asks runs in an event or in a clean call.
  if (pc == nullptr || dr_memory_is_in_client(pc)) return DR_WHERE_CLEAN_CALLEE;
  if (Room::get().process().module_at(reinterpret_cast<weft::Address>(pc)) != nullptr) {
    return DR_WHERE_APP;
  }
  return DR_WHERE_UNKNOWN;
}

}  // extern "C"

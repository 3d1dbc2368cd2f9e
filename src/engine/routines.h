// The shared routines in code memory that exits, misses and hash look-ups go through. Made once per
// cache, before the first translation.
#pragma once

#include <cstdint>

#include "base/result.h"
#include "cache/code_cache.h"
#include "translate/environment.h"

namespace weft::engine {

/// The code that a hash look-up finds in an empty slot, by level (see cache::HashTargets).
struct HashRoutines {
  CachePc miss;
};

Result<translate::Routines> make_routines(cache::CodeCache& cache);

/// Where a hash look-up fails: the dispatcher, or, if the table is only for code that has no shadow
/// word, the shadow map.
enum class HashMiss : uint8_t { kDispatcher, kShadow };

/// Adds hash_mismatch and the levels' routines; level i >= 1 reads table i, at 8 * 65536 * i bytes
/// into the tables that ThreadBlock::hash_table points to, at the slot that crc32 with `seeds[i]`
/// gives.
Result<HashRoutines> make_hash_routines(cache::CodeCache& cache, const uint32_t* seeds, int levels,
                                        HashMiss miss, translate::Routines& routines);

}  // namespace weft::engine

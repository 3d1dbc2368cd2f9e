#include "cache/tag_entry.h"

namespace weft::cache {

static_assert(sizeof(TagEntry) == kCacheLine);

}  // namespace weft::cache

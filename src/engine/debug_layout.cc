// What a debugger has to know of weft's structures, as data that it can read without debug
// information. Its reader, tools/gdb/weft-gdb.py, has the same list.
#include <cstddef>
#include <cstdint>

#include "cache/debug_view.h"
#include "cache/exit.h"
#include "cache/fragment.h"
#include "cache/slot.h"
#include "cache/tag_entry.h"
#include "translate/state_map.h"
#include "translate/thread_block.h"

// All of them are standard-layout but for an access specifier or two, and gcc knows where their
// members are.
#pragma GCC diagnostic ignored "-Winvalid-offsetof"

namespace weft::cache {

struct FragmentLayout {
  uint32_t size = sizeof(Fragment);
  uint32_t hot_start = offsetof(Fragment, hot_start_);
  uint32_t cold_start = offsetof(Fragment, cold_start_);
  uint32_t hot_size = offsetof(Fragment, hot_) + offsetof(Slot, size);
  uint32_t cold_size = offsetof(Fragment, cold_) + offsetof(Slot, size);
  uint32_t head = offsetof(Fragment, head_);
  uint32_t constituents = offsetof(Fragment, constituent_count_);
  uint32_t entries = offsetof(Fragment, first_entry_count_);
  uint32_t state_map_size = offsetof(Fragment, state_map_size_);
  uint32_t kind = offsetof(Fragment, kind_);
  uint32_t state = offsetof(Fragment, state_);
  uint32_t constituent_size = sizeof(KeptConstituent);
  uint32_t tag = offsetof(TagEntry, tag);
  uint32_t granule = kGranule;
  uint32_t chunk = FragmentTable::kChunk;
  uint32_t records = FragmentTable::kRecordsOffset;
};

}  // namespace weft::cache

namespace weft::engine {
namespace {

using translate::ThreadBlock;

struct DebugLayout {
  uint32_t version = 1;
  uint32_t block_self = offsetof(ThreadBlock, self);
  uint32_t block_context = offsetof(ThreadBlock, context);
  uint32_t block_view = offsetof(ThreadBlock, debug_view);
  uint32_t block_spill_rcx = offsetof(ThreadBlock, spill_rcx);
  uint32_t block_spill = offsetof(ThreadBlock, spill);
  cache::FragmentLayout fragment;
};

}  // namespace

extern "C" [[gnu::used, gnu::visibility("default")]] const DebugLayout weft_debug_layout{};

}  // namespace weft::engine

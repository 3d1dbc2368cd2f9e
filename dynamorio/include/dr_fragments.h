/* Code in the cache: what is there, and its deletion. For any thread at any time, from every event
 * and clean call, with the shared cache and with traces. */
#ifndef DR_FRAGMENTS_H
#define DR_FRAGMENTS_H

#include "dr_defines.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Deletes the block `tag`, the trace of that tag, and every trace and superblock that contains the
 * block, from the cache that all threads share. On return no thread enters the deleted code any
 * more; one that is inside leaves by its next exit. The original deletes a thread's private
 * fragments alone. True if there was one. */
bool dr_delete_fragment(void* drcontext, void* tag);
/** As dr_delete_fragment(); when the tag is built again its next block has the program instructions
 * and the insertions of `ilist`, which becomes weft's, in place of those that the block event would
 * give. */
bool dr_replace_fragment(void* drcontext, void* tag, instrlist_t* ilist);

/** Deletes all code that comes from a byte of [start, start + size). The completion callback runs
 * before the call returns, or soon after it on a thread of its own if the calling thread is in the
 * cache: when nobody can be executing the deleted code. */
bool dr_flush_region_ex(app_pc start, size_t size,
                        void (*flush_completion_callback)(void* user_data), void* user_data);
/** As dr_flush_region_ex(), without a callback. May be called from a clean call that goes on in the
 * deleted code, too. */
bool dr_flush_region(app_pc start, size_t size);
bool dr_unlink_flush_region(app_pc start, size_t size);
/** Deletes at once; the callback runs when nobody can be executing the deleted code. */
bool dr_delay_flush_region(app_pc start, size_t size, uint flush_id,
                           void (*flush_completion_callback)(int flush_id));

/** Whether `tag` is in the cache: as a block or a trace; as a block; as the start of a trace. */
bool dr_fragment_exists_at(void* drcontext, void* tag);
bool dr_bb_exists_at(void* drcontext, void* tag);
bool dr_trace_exists_at(void* drcontext, void* tag);
/** Bytes of code in the cache, 0 if there are none. */
uint dr_fragment_size(void* drcontext, void* tag);
/** The address of the program that `tag` stands for. */
app_pc dr_fragment_app_pc(void* tag);
/** Where to decode what the program executes at `pc`: there. */
app_pc dr_app_pc_for_decoding(app_pc pc);
/** The program's instruction that `cache_pc` belongs to, NULL if it is not in the cache. */
app_pc dr_app_pc_from_cache_pc(byte* cache_pc);

/** A hint that does nothing: every loop is counted. False without --traces. */
bool dr_mark_trace_head(void* drcontext, void* tag);
bool dr_trace_head_at(void* drcontext, void* tag);

typedef enum {
  DR_INDIRECT_RETURN,
  DR_INDIRECT_CALL,
  DR_INDIRECT_JUMP,
} dr_indirect_branch_type_t;
/** Not done ahead of a run: false. */
bool dr_prepopulate_cache(app_pc* tags, size_t tags_count);
bool dr_prepopulate_indirect_targets(dr_indirect_branch_type_t branch_type, app_pc* tags,
                                     size_t tags_count);

/** Counters of the run. The caller sets `size`. */
typedef struct _dr_stats_t {
  size_t size;
  uint64 basic_block_count;
  uint64 peak_num_threads;
  uint64 num_threads_created;
  uint64 synchs_not_at_safe_spot;
  uint64 peak_vmm_blocks_unreach_heap;
  uint64 peak_vmm_blocks_unreach_stack;
  uint64 peak_vmm_blocks_unreach_special_heap;
  uint64 peak_vmm_blocks_unreach_special_mmap;
  uint64 peak_vmm_blocks_reach_heap;
  uint64 peak_vmm_blocks_reach_cache;
  uint64 peak_vmm_blocks_reach_special_heap;
  uint64 peak_vmm_blocks_reach_special_mmap;
  uint64 num_native_signals;
  uint64 num_cache_exits;
} dr_stats_t;
bool dr_get_stats(dr_stats_t* drstats);

#ifdef __cplusplus
}
#endif

#endif

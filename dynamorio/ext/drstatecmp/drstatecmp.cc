// Blocks that are run twice: where the second run comes from, and where it is put.
#include "drstatecmp.h"

#include <atomic>
#include <string_view>

#include "core/inserted_code.h"
#include "ext/drstatecmp/states.h"

using namespace weft::dynamorio;

namespace {

/// One block on its way through the phases; owned by the last.
struct Block {
  /// What the second run executes.
  instrlist_t* copy = nullptr;
  bool flags_are_dead = false;
  bool reads_memory = false;
};

/// x87 and MMX state is not part of what a clean call can put back.
bool uses_x87(instr_t* instruction) {
  if (std::string_view(decode_opcode_name(instr_get_opcode(instruction))).starts_with('f')) {
    return true;
  }
  for (int i = 0; i < instr_num_dsts(instruction); ++i) {
    const opnd_t operand = instr_get_dst(instruction, static_cast<uint>(i));
    if (opnd_is_reg(operand) && reg_is_mmx(opnd_get_reg(operand))) return true;
  }
  return false;
}

bool differs_each_time(instr_t* instruction) {
  switch (instr_get_opcode(instruction)) {
    case OP_rdtsc:
    case OP_rdtscp:
    case OP_rdpmc:
    case OP_rdrand:
    case OP_rdseed:
    case OP_cpuid:
    case OP_xbegin:
    case OP_xend:
    case OP_ldmxcsr:
    case OP_vldmxcsr:
    case OP_wrfsbase:
    case OP_wrgsbase:
      return true;
    default:
      return uses_x87(instruction);
  }
}

bool can_run_twice(instr_t* instruction) {
  return !instr_writes_memory(instruction) && !instr_is_syscall(instruction) &&
         !instr_is_interrupt(instruction) && !differs_each_time(instruction);
}

instr_t* transfer_at_end(instrlist_t* list) {
  instr_t* const last = instrlist_last_app(list);
  return last != nullptr && instr_is_cti(last) ? last : nullptr;
}

bool flags_are_dead_at(instrlist_t* list) {
  for (instr_t* each = instrlist_first_app(list); each != nullptr;
       each = instr_get_next_app(each)) {
    const uint flags = instr_get_arith_flags(each, DR_QUERY_INCLUDE_COND_SRCS);
    if ((flags & EFLAGS_READ_ARITH) != 0) return false;
    if ((flags & EFLAGS_WRITE_ARITH) != 0) return true;
  }
  return false;
}

size_t app_count(instrlist_t* list) {
  size_t count = 0;
  for (instr_t* each = instrlist_first_app(list); each; each = instr_get_next_app(each)) ++count;
  return count;
}

/// Whether instructions stand for others that cannot be executed themselves.
bool emulates(instrlist_t* list) {
  for (instr_t* each = instrlist_first(list); each != nullptr; each = instr_get_next(each)) {
    emulated_instr_t emulated{};
    emulated.size = sizeof emulated;
    if (!drmgr_is_emulation_start(each)) continue;
    if (!drmgr_get_emulated_instr_data(each, &emulated)) continue;
    if ((emulated.flags & DR_EMULATE_INSTR_ONLY) == 0) return true;
  }
  return false;
}

/// A second run ends before the transfer that the first one's copy still has.
void drop_transfer(void* drcontext, instrlist_t* copy) {
  if (instr_t* const transfer = transfer_at_end(copy)) {
    instrlist_remove(copy, transfer);
    instr_destroy(drcontext, transfer);
  }
}

dr_emit_flags_t before_changes(void* drcontext, void*, instrlist_t* bb, bool, bool,
                               void** user_data) {
  *user_data = nullptr;
  if (!drstatecmp_bb_checks_enabled(bb)) return DR_EMIT_DEFAULT;
  auto* const block = new Block();
  block->copy = instrlist_clone(drcontext, bb);
  *user_data = block;
  return DR_EMIT_DEFAULT;
}

dr_emit_flags_t behind_changes(void* drcontext, void*, instrlist_t* bb, bool, bool,
                               void* user_data) {
  auto* const block = static_cast<Block*>(user_data);
  if (block == nullptr) return DR_EMIT_DEFAULT;
  block->flags_are_dead = flags_are_dead_at(bb);
  // What the program has, if that is still what runs: then changes of it are checked, too.
  if (emulates(bb) || app_count(bb) != app_count(block->copy)) {
    instrlist_clear_and_destroy(drcontext, block->copy);
    block->copy = instrlist_clone(drcontext, bb);
  }
  drop_transfer(drcontext, block->copy);
  for (instr_t* each = instrlist_first_app(block->copy); each; each = instr_get_next_app(each)) {
    block->reads_memory |= instr_reads_memory(each);
  }
  return DR_EMIT_DEFAULT;
}

void call(void* drcontext, instrlist_t* list, instr_t* where, void (*function)()) {
  dr_insert_clean_call(drcontext, list, where, reinterpret_cast<void*>(function), false, 0);
}

dr_emit_flags_t behind_instrumentation(void* drcontext, void* tag, instrlist_t* bb, bool, bool,
                                       void* user_data) {
  auto* const block = static_cast<Block*>(user_data);
  if (block == nullptr) return DR_EMIT_DEFAULT;
  uint flags = block->flags_are_dead ? drstatecmp::kSkipFlags : 0U;
  if (block->reads_memory) flags |= drstatecmp::kReadsMemory;
  call(drcontext, bb, instrlist_first(bb), &drstatecmp::keep_start);
  instr_t* const end = transfer_at_end(bb);
  call(drcontext, bb, end, &drstatecmp::start_again);
  while (instr_t* const each = instrlist_first(block->copy)) {
    instrlist_remove(block->copy, each);
    instrlist_preinsert(bb, end, each);
  }
  dr_insert_clean_call(drcontext, bb, end, reinterpret_cast<void*>(&drstatecmp::compare), false, 2,
                       OPND_CREATE_INT32(static_cast<int>(flags)), OPND_CREATE_INTPTR(tag));
  instrlist_destroy(drcontext, block->copy);
  delete block;
  return DR_EMIT_DEFAULT;
}

drmgr_instru_events_t events() {
  drmgr_instru_events_t events{};
  events.struct_size = sizeof events;
  events.app2app_func = &before_changes;
  events.analysis_func = &behind_changes;
  events.meta_instru_func = &behind_instrumentation;
  return events;
}

std::atomic<bool>& is_started() {
  static std::atomic<bool> started{false};
  return started;
}

}  // namespace

extern "C" {

bool drstatecmp_bb_checks_enabled(instrlist_t* bb) {
  instr_t* const end = transfer_at_end(bb);
  for (instr_t* each = instrlist_first_app(bb); each != nullptr; each = instr_get_next_app(each)) {
    if (each != end && !can_run_twice(each)) return false;
  }
  return true;
}

drstatecmp_status_t drstatecmp_init(drstatecmp_options_t* ops_in) {
  if (ops_in == nullptr) return DRSTATECMP_ERROR;
  if (is_started().exchange(true)) return DRSTATECMP_ERROR_ALREADY_INITIALIZED;
  drmgr_init();
  drstatecmp::set_error_callback(ops_in->error_callback);
  drmgr_priority_t priority{};
  priority.struct_size = sizeof priority;
  priority.name = DRMGR_PRIORITY_NAME_DRSTATECMP;
  priority.priority = DRMGR_PRIORITY_DRSTATECMP;
  drmgr_instru_events_t all = events();
  return drmgr_register_bb_instrumentation_all_events(&all, &priority) ? DRSTATECMP_SUCCESS
                                                                       : DRSTATECMP_ERROR;
}

drstatecmp_status_t drstatecmp_exit() {
  if (!is_started().exchange(false)) return DRSTATECMP_ERROR_NOT_INITIALIZED;
  drmgr_instru_events_t all = events();
  const bool removed = drmgr_unregister_bb_instrumentation_all_events(&all);
  drmgr_exit();
  return removed ? DRSTATECMP_SUCCESS : DRSTATECMP_ERROR;
}

}  // extern "C"

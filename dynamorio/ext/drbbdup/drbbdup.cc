#include "drbbdup.h"

#include <memory>

#include "drreg.h"
#include "ext/drbbdup/cases.h"

namespace weft::dynamorio::drbbdup {
namespace {

std::unique_ptr<Manager>& own_manager() {
  static std::unique_ptr<Manager> manager;
  return manager;
}

}  // namespace

Manager* manager() { return own_manager().get(); }

}  // namespace weft::dynamorio::drbbdup

using namespace weft::dynamorio::drbbdup;

namespace {

bool in_case(instr_t* instr) { return instr != nullptr && pass().current >= 0; }

}  // namespace

extern "C" {

drbbdup_status_t drbbdup_init(drbbdup_options_t* ops_in) {
  if (own_manager()) return DRBBDUP_ERROR_ALREADY_INITIALISED;
  if (ops_in == nullptr || ops_in->set_up_bb_dups == nullptr) {
    return DRBBDUP_ERROR_INVALID_PARAMETER;
  }
  auto made = std::make_unique<Manager>();
  const size_t size =
      ops_in->struct_size < sizeof made->options ? ops_in->struct_size : sizeof made->options;
  if (size < offsetof(drbbdup_options_t, max_case_encoding)) return DRBBDUP_ERROR_INVALID_PARAMETER;
  __builtin_memcpy(&made->options, ops_in, size);
  const drbbdup_options_t& options = made->options;
  const bool instruments =
      options.instrument_instr != nullptr || options.instrument_instr_ex != nullptr;
  if (!instruments) return DRBBDUP_ERROR_INVALID_PARAMETER;
  const opnd_t word = options.runtime_case_opnd;
  const bool has_word = !opnd_is_null(word) || options.non_default_case_limit != 0;
  if (has_word && !opnd_is_memory_reference(word)) return DRBBDUP_ERROR_INVALID_OPND;
  own_manager() = std::move(made);
  drreg_options_t registers{};
  registers.struct_size = sizeof registers;
  drreg_init(&registers);
  drmgr_init();
  start_events();
  return DRBBDUP_SUCCESS;
}

drbbdup_status_t drbbdup_exit() {
  if (!own_manager()) return DRBBDUP_ERROR_NOT_INITIALIZED;
  stop_events();
  drreg_exit();
  drmgr_exit();
  return DRBBDUP_SUCCESS;
}

drbbdup_status_t drbbdup_register_case_encoding(void* drbbdup_ctx, uintptr_t encoding) {
  auto* const own = static_cast<Pass*>(drbbdup_ctx);
  if (own == nullptr) return DRBBDUP_ERROR_INVALID_PARAMETER;
  // The default case is not known before set_up_bb_dups() has returned.
  for (const uintptr_t each : own->cases.others) {
    if (each == encoding) return DRBBDUP_ERROR_CASE_ALREADY_REGISTERED;
  }
  const size_t limit = manager()->options.non_default_case_limit;
  if (limit != 0 && own->cases.others.size() >= limit) return DRBBDUP_ERROR_CASE_LIMIT_REACHED;
  own->cases.others.push_back(encoding);
  return DRBBDUP_SUCCESS;
}

drbbdup_status_t drbbdup_is_first_instr(void*, instr_t* instr, bool* is_start) {
  if (instr == nullptr || is_start == nullptr) return DRBBDUP_ERROR_INVALID_PARAMETER;
  *is_start = in_case(instr) && instr == pass().first;
  return DRBBDUP_SUCCESS;
}

drbbdup_status_t drbbdup_is_first_nonlabel_instr(void*, instr_t* instr, bool* is_nonlabel) {
  if (instr == nullptr || is_nonlabel == nullptr) return DRBBDUP_ERROR_INVALID_PARAMETER;
  *is_nonlabel = in_case(instr) && instr == pass().first_nonlabel;
  return DRBBDUP_SUCCESS;
}

drbbdup_status_t drbbdup_is_last_instr(void*, instr_t* instr, bool* is_last) {
  if (instr == nullptr || is_last == nullptr) return DRBBDUP_ERROR_INVALID_PARAMETER;
  *is_last = in_case(instr) && instr == pass().last;
  return DRBBDUP_SUCCESS;
}

drbbdup_status_t drbbdup_get_stats(drbbdup_stats_t* stats) {
  Manager* const own = manager();
  if (own == nullptr) return DRBBDUP_ERROR_NOT_INITIALIZED;
  if (stats == nullptr || !own->options.is_stat_enabled) return DRBBDUP_ERROR_UNSET_FEATURE;
  stats->no_dup_count = own->counts.without_duplicates;
  stats->no_dynamic_handling_count = own->counts.without_dynamic;
  stats->gen_count = own->counts.generated;
  stats->bail_count = own->counts.refused;
  return DRBBDUP_SUCCESS;
}

}  // extern "C"

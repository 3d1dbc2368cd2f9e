#include "dr_api.h"
#include "droption.h"

static dynamorio::droption::droption_t<int> depth(dynamorio::droption::DROPTION_SCOPE_CLIENT,
                                                  "depth", 4, "Depth", "Depth.");

DR_EXPORT int client_depth() {
  instr_t* nop = INSTR_CREATE_nop(nullptr);
  const int length = instr_length(nullptr, nop);
  instr_destroy(nullptr, nop);
  return depth.get_value() + length;
}

// The program's registers in the API's form.
#pragma once

#include "dr_api.h"
#include "weft/process.h"

namespace weft::dynamorio {

/// Fills what `to.flags` asks for; pc with DR_MC_CONTROL.
void read_context(CallContext& from, dr_mcontext_t& to);
/// Writes what `from.flags` says, but not the pc.
void write_context(const dr_mcontext_t& from, CallContext& to);

}  // namespace weft::dynamorio

// A module in the API's form.
#pragma once

#include "dr_api.h"
#include "weft/process.h"

namespace weft::dynamorio {

/// To be freed by dr_free_module_data().
module_data_t* describe(const Module& module);

}  // namespace weft::dynamorio
